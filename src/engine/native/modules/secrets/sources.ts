/**
 * `--secret-source`: what its values mean. Read once, by the coordinator, before anything runs; workers get plain data.
 * Words of errors are k6's, verified on k6 2.2; source of the grammar: grafana.com/docs/k6, "Secret source".
 */
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { readUrlConfig, type UrlSourceConfig } from './url-config.js'

export type SecretSource =
  | { readonly kind: 'values'; readonly values: Readonly<Record<string, string>> }
  | ({ readonly kind: 'url' } & UrlSourceConfig)

export interface SecretSources {
  /** In the order of the command line. */
  readonly sources: readonly SecretSource[]
  /** Name -> index into `sources`; 'default' is the one that `secrets.get` asks. */
  readonly names: Readonly<Record<string, number>>
}

export interface SecretSourceHost {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Text of a file; throws in Go's words. */
  readFile(path: string): string
}

/** @throws PW_SECRET_SOURCE, exit 255 as in k6 (104 for `cloud`) */
export function readSecretSources(lines: readonly string[], host: SecretSourceHost): SecretSources {
  const sources: SecretSource[] = []
  const names: Record<string, number> = Object.create(null)
  if (lines.some((line) => line.split('=')[0]?.trim() === 'cloud')) {
    throw refused(
      "'cloud' is not a valid value for --secret-source; cloud secrets are automatically available for 'k6 cloud run --local-execution'",
      ExitCode.invalidConfig,
    )
  }
  for (const line of lines) {
    if (line.trim() === '') throw refused(`couldn't parse secret source configuration ${JSON.stringify(line)}`)
    const eq = line.indexOf('=')
    const type = eq < 0 ? line : line.slice(0, eq)
    const { name, isDefault, rest } = takeName(eq < 0 ? '' : line.slice(eq + 1))
    const key = name === '' ? type : name
    // The value of a mock source is a secret: only the type is repeated.
    const where = `for type ${JSON.stringify(type)}`
    const source = readSource(type, rest, host)
    if (Object.hasOwn(names, key)) {
      throw refused(`secret source for name ${JSON.stringify(key)} already registered before configuration ${where}`)
    }
    names[key] = sources.push(source) - 1
    if (isDefault) {
      if (Object.hasOwn(names, 'default') && key !== 'default') {
        throw refused(`can't have two secret sources that are default ones, second one was ${where}`)
      }
      names['default'] = names[key]
    }
  }
  if (sources.length === 1) names['default'] = 0
  return { sources, names: { ...names } }
}

function readSource(type: string, config: string, host: SecretSourceHost): SecretSource {
  try {
    switch (type) {
      case 'mock':
        return { kind: 'values', values: readPairs(config.split(',')) }
      case 'file':
        return { kind: 'values', values: readPairs(lines(host.readFile(fileName(config)))) }
      case 'url':
        return { kind: 'url', ...readUrlConfig(config, host) }
    }
  } catch (error) {
    throw refused((error as Error).message)
  }
  throw refused(
    `no secret source for type ${JSON.stringify(type)} for configuration ${JSON.stringify(`${type}=...`)}`,
    ExitCode.k6Usage,
    'use file=PATH, mock=NAME=VALUE or url=urlTemplate=https://.../{key}',
  )
}

function readPairs(pairs: readonly string[]): Record<string, string> {
  const values: Record<string, string> = Object.create(null)
  for (const [i, pair] of pairs.entries()) {
    const eq = pair.indexOf('=')
    // k6 repeats the text, which may be a secret that lost its name.
    if (eq < 0) throw new Error(pair === '' ? 'parsing "", needs =' : `parsing entry ${i + 1}, needs =`)
    values[pair.slice(0, eq)] = pair.slice(eq + 1)
  }
  return { ...values }
}

/** As Go's line scanner: the last line may end without a newline, `\r` belongs to the end of the line. */
function lines(text: string): string[] {
  const all = text.split('\n')
  if (all.at(-1) === '') all.pop()
  return all.map((line) => line.replace(/\r$/, ''))
}

function fileName(config: string): string {
  let name = ''
  for (const part of config.split(',')) {
    const eq = part.indexOf('=')
    if (eq < 0) name = part
    else if (part.slice(0, eq) === 'filename') name = part.slice(eq + 1)
    else throw new Error(`unknown configuration key for file secret source ${JSON.stringify(part.slice(0, eq))}`)
  }
  return name
}

function takeName(config: string): { name: string; isDefault: boolean; rest: string } {
  let name = ''
  let isDefault = false
  const rest: string[] = []
  for (const part of config.split(',')) {
    if (part === 'default') isDefault = true
    else if (part.startsWith('name=')) name = part.slice('name='.length)
    else rest.push(part)
  }
  return { name, isDefault, rest: rest.join(',') }
}

function refused(message: string, exitCode: ExitCode = ExitCode.k6Usage, fix?: string): PerfwrightError {
  return new PerfwrightError({ code: 'PW_SECRET_SOURCE', message, where: '--secret-source', fix, exitCode })
}
