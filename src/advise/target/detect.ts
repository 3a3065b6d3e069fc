/** The language and the database library of a target, from the files that name its packages. */
import type { Language, Orm, TargetFacts } from './facts.js'

export interface SourceFiles {
  /** Names in a folder, undefined when it is none. */
  list(dir: string): readonly string[] | undefined
  /** At most 1 MB of a file; undefined when it cannot be read. */
  read(path: string): string | undefined
}

/** In a package's manifest; the first that is named counts. */
const packages: readonly (readonly [Orm, RegExp])[] = [
  ['prisma', /["']@?prisma(?:\/client)?["']/],
  ['drizzle', /["']drizzle-orm["']/],
  ['typeorm', /["']typeorm["']/],
  ['sequelize', /["']sequelize["']/],
  ['django', /\bdjango\b/i],
  ['sqlalchemy', /\b(?:sqlalchemy|sqlmodel)\b/i],
  ['gorm', /\bgorm\.io\/gorm\b/],
]

const manifests: readonly (readonly [string, Language])[] = [
  ['package.json', 'javascript'],
  ['requirements.txt', 'python'],
  ['pyproject.toml', 'python'],
  ['Pipfile', 'python'],
  ['go.mod', 'go'],
  ['Gemfile', 'ruby'],
  ['pom.xml', 'java'],
  ['build.gradle', 'java'],
  ['composer.json', 'php'],
]

/** @param dir  where to begin; folders above are looked at too, four at most */
export function detectTarget(command: string | undefined, dir: string | undefined, files: SourceFiles): TargetFacts {
  const byCommand = languageOf(command)
  const base = { command, sourceDir: dir }
  for (const at of dir === undefined ? [] : foldersUp(dir)) {
    const names = files.list(at) ?? []
    const found = manifests.find(
      ([name, language]) => names.includes(name) && (byCommand === undefined || language === byCommand),
    )
    if (found === undefined) continue
    const [name, language] = found
    const text = files.read(`${at}/${name}`) ?? ''
    const orm = packages.find(([, pattern]) => pattern.test(text))?.[0] ?? 'none'
    return { ...base, language, orm, how: `${name} ${orm === 'none' ? `in ${at}` : `names ${orm}`}` }
  }
  const how = byCommand === undefined ? 'nothing says what it is written in' : `the command is ${byCommand}'s`
  return { ...base, language: byCommand ?? 'unknown', orm: 'none', how }
}

function languageOf(command: string | undefined): Language | undefined {
  const words = (command ?? '').split(/\s+/).map((word) => word.replace(/^.*\//, ''))
  const is = (pattern: RegExp): boolean => words.some((word) => pattern.test(word))
  if (is(/^(node|npm|npx|pnpm|yarn|bun|tsx|deno)$/)) return 'javascript'
  if (is(/^(python[\d.]*|uvicorn|gunicorn|flask|manage\.py)$/)) return 'python'
  if (is(/^go$/)) return 'go'
  if (is(/^(ruby|bundle|rails|puma)$/)) return 'ruby'
  if (is(/^(java|mvn|gradle)$/)) return 'java'
  return is(/^(php|artisan)$/) ? 'php' : undefined
}

function foldersUp(dir: string): string[] {
  const parts = dir.replace(/\/+$/, '').split('/')
  return [0, 1, 2, 3].map((up) => parts.slice(0, parts.length - up).join('/')).filter((one) => one !== '')
}
