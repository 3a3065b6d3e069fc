/** Why there is no PostgreSQL here, with the line that installs it; undefined when there is one. */
export const postgresMissing: string | undefined
export interface PostgresServer {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly dir: string
  readonly data: string
  readonly pid: number
  /** Runs SQL by psql; the answer unaligned, without heads. @throws with psql's words */
  sql(text: string, database?: string): string
  stop(): Promise<void>
}
export function startPostgres(options?: {
  readonly settings?: Readonly<Record<string, string>>
  readonly statements?: boolean
  /** Folder of another version's programs. */
  readonly bin?: string
}): Promise<PostgresServer>
