/**
 * Settings of a `url` secret source: defaults, then K6_SECRET_SOURCE_URL_* variables, then a JSON file, then what stands
 * on the command line. Source: grafana.com/docs/k6, "URL secret source".
 */
import { parseGoDuration } from '#base/duration.js'
import type { SecretSourceHost } from './sources.js'

export interface UrlSourceConfig {
  /** With `{key}` where the secret's name goes. */
  readonly urlTemplate: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  /** Dotted path to the secret in a JSON answer; the whole body when empty. */
  readonly responsePath: string
  readonly timeoutMs: number
  readonly requestsPerMinute: number
  readonly burst: number
  readonly maxRetries: number
  readonly retryBackoffMs: number
}

type Draft = { -readonly [K in keyof UrlSourceConfig]?: UrlSourceConfig[K] }

/** @throws Error in k6's words */
export function readUrlConfig(argument: string, host: SecretSourceHost): UrlSourceConfig {
  try {
    const file: Draft = {}
    const inline: Draft = {}
    for (const part of argument === '' ? [] : argument.split(',')) {
      const eq = part.indexOf('=')
      if (eq < 0) throw new Error(`invalid config format ${JSON.stringify(part)}, expected key=value`)
      const [key, value] = [part.slice(0, eq), part.slice(eq + 1)]
      if (key === 'config') Object.assign(file, readFile(value, host))
      else setOption(inline, key, value)
    }
    return checked({ ...defaults, ...readEnv(host.env), ...file, ...inline })
  } catch (error) {
    throw new Error(`missing or invalid config: ${(error as Error).message}`, { cause: error })
  }
}

const defaults: UrlSourceConfig = {
  urlTemplate: '',
  method: 'GET',
  headers: {},
  responsePath: '',
  timeoutMs: 30_000,
  requestsPerMinute: 300,
  burst: 10,
  maxRetries: 3,
  retryBackoffMs: 1000,
}

const numbers: Readonly<Record<string, 'requestsPerMinute' | 'burst' | 'maxRetries'>> = {
  requestsPerMinuteLimit: 'requestsPerMinute',
  requestsBurst: 'burst',
  maxRetries: 'maxRetries',
}
const durations: Readonly<Record<string, 'timeoutMs' | 'retryBackoffMs'>> = {
  timeout: 'timeoutMs',
  retryBackoff: 'retryBackoffMs',
}
const texts: readonly string[] = ['urlTemplate', 'method', 'responsePath']

function setOption(draft: Draft, key: string, value: string): void {
  const number = numbers[key]
  const duration = durations[key]
  if (number !== undefined) {
    const digits = /^\s*[+-]?\d+/.exec(value)
    if (digits === null) throw new Error(`invalid ${key}: expected integer`)
    draft[number] = Number(digits[0])
  } else if (duration !== undefined) {
    const parsed = parseGoDuration(value)
    if ('error' in parsed) throw new Error(`invalid ${key}: ${parsed.error}`)
    draft[duration] = parsed.ns / 1e6
  } else if (texts.includes(key)) draft[key as 'method'] = value
  else if (key.startsWith('headers.')) draft.headers = { ...draft.headers, [key.slice('headers.'.length)]: value }
  else throw new Error(`unknown configuration key: ${JSON.stringify(key)}`)
}

const variables: Readonly<Record<string, string>> = {
  URL_TEMPLATE: 'urlTemplate',
  METHOD: 'method',
  RESPONSE_PATH: 'responsePath',
  TIMEOUT: 'timeout',
  MAX_RETRIES: 'maxRetries',
  RETRY_BACKOFF: 'retryBackoff',
  REQUESTS_PER_MINUTE_LIMIT: 'requestsPerMinuteLimit',
  REQUESTS_BURST: 'requestsBurst',
}

function readEnv(env: SecretSourceHost['env']): Draft {
  const draft: Draft = {}
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('K6_SECRET_SOURCE_URL_') || value === undefined) continue
    const rest = name.slice('K6_SECRET_SOURCE_URL_'.length)
    const key = variables[rest]
    if (key !== undefined && value !== '') setOption(draft, key, value)
    else if (rest.startsWith('HEADER_')) setOption(draft, `headers.${rest.slice('HEADER_'.length)}`, value)
  }
  return draft
}

function readFile(path: string, host: SecretSourceHost): Draft {
  let text: string
  try {
    text = host.readFile(path)
  } catch (error) {
    throw new Error(`failed to open config file: ${(error as Error).message}`, { cause: error })
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new Error(`failed to parse JSON config: ${(error as Error).message}`, { cause: error })
  }
  if (typeof parsed !== 'object' || parsed === null) throw new Error('failed to parse JSON config: not an object')
  const draft: Draft = {}
  for (const [key, value] of Object.entries(parsed)) {
    if (key === 'headers' && typeof value === 'object' && value !== null) {
      for (const [name, header] of Object.entries(value as object)) setOption(draft, `headers.${name}`, String(header))
      // Keys that nobody knows are passed over in a file, as Go's JSON decoder does.
    } else if (texts.includes(key) || key in numbers || key in durations) {
      const isMs = key in durations && typeof value === 'number'
      setOption(draft, key, isMs ? `${value}ms` : String(value))
    }
  }
  return draft
}

function checked(config: UrlSourceConfig): UrlSourceConfig {
  const { urlTemplate } = config
  if (urlTemplate === '') throw new Error('urlTemplate is required')
  if (!urlTemplate.includes('{key}')) throw new Error('urlTemplate must contain {key} placeholder')
  if (!/^[a-z][a-z0-9+.-]*:/i.test(urlTemplate)) {
    throw new Error('urlTemplate must be an absolute URL with a scheme (e.g., https://...)')
  }
  if (!URL.canParse(urlTemplate.replaceAll('{key}', 'test'))) throw new Error('urlTemplate is not a valid URL')
  if (config.timeoutMs <= 0) throw new Error('timeout must be greater than 0')
  if (config.requestsPerMinute <= 0) throw new Error('requestsPerMinuteLimit must be greater than 0')
  if (config.burst <= 0) throw new Error('requestsBurst must be greater than 0')
  if (config.maxRetries < 0) throw new Error('maxRetries must be non-negative')
  if (config.retryBackoffMs <= 0) throw new Error('retryBackoff must be greater than 0')
  return config
}
