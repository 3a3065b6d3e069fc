/** What is known of the target's own code: where it lies, its language, and the library by which it asks its database. */

export type Language = 'javascript' | 'python' | 'go' | 'ruby' | 'java' | 'php' | 'unknown'
export type Orm = 'prisma' | 'drizzle' | 'sequelize' | 'typeorm' | 'sqlalchemy' | 'django' | 'gorm' | 'none'

export interface TargetFacts {
  /** `--target-cmd` as given. */
  readonly command: string | undefined
  /** `--source`, or the folder of the command. */
  readonly sourceDir: string | undefined
  readonly language: Language
  readonly orm: Orm
  /** How the two are known: "package.json names prisma". */
  readonly how: string
}
