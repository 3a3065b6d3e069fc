import { outputNotCreated } from '../errors.js'
import { type Env, EnvReader, parseBool, parseInteger, parseInterval } from '../net/env.js'
import { parseAddress, parseUrl } from '../net/url.js'

export type FieldKind = 'string' | 'int' | 'float' | 'bool'

/** Where points go, and how they are written. */
export interface InfluxConfig {
  /** As the run's head shows it. */
  readonly address: string
  readonly target: HttpTarget | UdpTarget
  readonly pushIntervalNs: number
  readonly concurrentWrites: number
  /** Tags that become fields. */
  readonly fields: ReadonlyMap<string, FieldKind>
  /** The unit of a point's time in nanoseconds, and its name in the write request. */
  readonly precision: { readonly ns: number; readonly name: string }
}

export interface HttpTarget {
  readonly kind: 'http'
  readonly write: URL
  /** Where a database is created; undefined when that is none of ours to do. */
  readonly query: URL | undefined
  readonly database: string
  readonly headers: Readonly<Record<string, string>>
  readonly insecure: boolean
  readonly proxy: URL | undefined
}

export interface UdpTarget {
  readonly kind: 'udp'
  readonly host: string
  readonly port: number
  readonly payloadBytes: number
}

const V1 = 'influxdb'
const V2 = 'xk6-influxdb'
const PREFIX = 'K6_INFLUXDB_'
const DEFAULT_ADDRESS = 'http://localhost:8086'

interface V1Settings {
  address: string
  db: string
  username: string | undefined
  password: string | undefined
  insecure: boolean
  payloadBytes: number | undefined
  precision: string | undefined
  retention: string | undefined
  consistency: string | undefined
  pushIntervalNs: number
  concurrentWrites: number
  tagsAsFields: readonly string[]
}

/** Defaults < environment < argument, as k6 has it. @throws PW_OUTPUT_CREATE */
export function readV1Config(argument: string, env: Env): InfluxConfig {
  const read = new EnvReader(V1, env)
  const settings: V1Settings = {
    address: read.text(`${PREFIX}ADDR`) ?? DEFAULT_ADDRESS,
    db: read.text(`${PREFIX}DB`) ?? 'k6',
    username: read.text(`${PREFIX}USERNAME`),
    password: read.text(`${PREFIX}PASSWORD`),
    insecure: read.bool(`${PREFIX}INSECURE`) ?? false,
    payloadBytes: read.int(`${PREFIX}PAYLOAD_SIZE`),
    precision: read.text(`${PREFIX}PRECISION`),
    retention: read.text(`${PREFIX}RETENTION`),
    consistency: read.text(`${PREFIX}CONSISTENCY`),
    pushIntervalNs: read.durationNs(`${PREFIX}PUSH_INTERVAL`) ?? 1e9,
    concurrentWrites: read.int(`${PREFIX}CONCURRENT_WRITES`) ?? 4,
    tagsAsFields: read.list(`${PREFIX}TAGS_AS_FIELDS`) ?? ['vu', 'iter', 'url'],
  }
  if (argument !== '') applyUrl(settings, argument)
  const { address, pushIntervalNs, concurrentWrites } = settings
  if (concurrentWrites <= 0) throw outputNotCreated(V1, "influxdb's ConcurrentWrites must be a positive number")
  return {
    address,
    target: address.startsWith('udp://')
      ? udpTarget(address, settings.payloadBytes)
      : httpTarget(settings, proxyOf(V1, read)),
    pushIntervalNs,
    concurrentWrites,
    fields: fieldKinds(V1, settings.tagsAsFields),
    precision: v1Precision(settings.precision ?? ''),
  }
}

/** The settings of the extension xk6-output-influxdb. @throws PW_OUTPUT_CREATE */
export function readV2Config(argument: string, env: Env): InfluxConfig {
  const read = new EnvReader(V2, env)
  let address = read.text(`${PREFIX}ADDR`) ?? DEFAULT_ADDRESS
  let bucket = read.text(`${PREFIX}BUCKET`)
  if (argument !== '') {
    const url = URL.canParse(argument) ? new URL(argument) : undefined
    const path = (url?.pathname ?? argument).replace(/^\//, '')
    if (url !== undefined) address = `${url.protocol}//${url.host}`
    if (path !== '') bucket = decodeURIComponent(path)
  }
  if (bucket === undefined) throw outputNotCreated(V2, 'the Bucket option is required')
  const concurrentWrites = read.int(`${PREFIX}CONCURRENT_WRITES`) ?? 4
  if (concurrentWrites <= 0) throw outputNotCreated(V2, 'the ConcurrentWrites option must be a positive number')
  const precision = v2Precision(read.durationNs(`${PREFIX}PRECISION`) ?? 1)
  const write = endpoint(parseUrl(V2, address), 'api/v2/write')
  write.searchParams.set('org', read.text(`${PREFIX}ORGANIZATION`) ?? '')
  write.searchParams.set('bucket', bucket)
  write.searchParams.set('precision', precision.name)
  const token = read.text(`${PREFIX}TOKEN`)
  return {
    address,
    target: {
      kind: 'http',
      write,
      query: undefined,
      database: bucket,
      headers: token === undefined ? {} : { Authorization: `Token ${token}` },
      insecure: read.bool(`${PREFIX}INSECURE`) ?? false,
      proxy: proxyOf(V2, read),
    },
    pushIntervalNs: read.durationNs(`${PREFIX}PUSH_INTERVAL`) ?? 1e9,
    concurrentWrites,
    fields: fieldKinds(V2, read.list(`${PREFIX}TAGS_AS_FIELDS`) ?? ['vu:int', 'iter:int', 'url']),
    precision,
  }
}

/** `http://user:password@host:8086/prefix/db?option=value`, or only a database's name. */
function applyUrl(settings: V1Settings, text: string): void {
  const isUrl = /^[a-z]+:\/\//i.test(text)
  if (isUrl && !URL.canParse(text)) throw outputNotCreated(V1, `${JSON.stringify(text)} is no URL`)
  const url = new URL(isUrl ? text : `none://none/${text.replace(/^\//, '')}`)
  const path = decodeURIComponent(url.pathname)
  if (isUrl) {
    // The last part is the database; what stands before it is where a proxy keeps InfluxDB.
    const slash = path.lastIndexOf('/')
    settings.address = `${url.protocol}//${url.host}${path.slice(0, Math.max(slash, 0))}`
    if (slash + 1 < path.length) settings.db = path.slice(slash + 1)
    if (url.username !== '') {
      settings.username = decodeURIComponent(url.username)
      settings.password = decodeURIComponent(url.password)
    }
  } else if (path !== '/') settings.db = path.slice(1)
  for (const key of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(key)
    applyParameter(settings, key, values[0] ?? '', values)
  }
}

function applyParameter(settings: V1Settings, key: string, value: string, values: readonly string[]): void {
  switch (key) {
    case 'insecure':
      if (value !== '') settings.insecure = parseBool(V1, key, value)
      return
    case 'payload_size':
      settings.payloadBytes = parseInteger(V1, key, value)
      return
    case 'precision':
    case 'retention':
    case 'consistency':
      settings[key] = value
      return
    case 'pushInterval':
      settings.pushIntervalNs = parseInterval(V1, key, value)
      return
    case 'concurrentWrites':
      settings.concurrentWrites = parseInteger(V1, key, value)
      return
    case 'tagsAsFields':
      settings.tagsAsFields = values
      return
    default:
      throw outputNotCreated(V1, `unknown query parameter: ${key}`)
  }
}

function httpTarget(settings: V1Settings, proxy: URL | undefined): HttpTarget {
  const { address, db, username, password = '', precision, retention, consistency, insecure } = settings
  const base = parseUrl(V1, address)
  const write = endpoint(base, 'write')
  const query = endpoint(base, 'query')
  write.searchParams.set('db', db)
  if (retention !== undefined) write.searchParams.set('rp', retention)
  write.searchParams.set('precision', v1Precision(precision ?? '').name)
  if (consistency !== undefined) write.searchParams.set('consistency', consistency)
  query.searchParams.set('q', `CREATE DATABASE "${db.replace(/["\\]/g, '\\$&')}"`)
  const headers: Record<string, string> = {}
  if (username !== undefined)
    headers['Authorization'] = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return { kind: 'http', write, query, database: db, headers, insecure, proxy }
}

function udpTarget(address: string, payloadBytes: number | undefined): UdpTarget {
  // 512 is what the v1 client takes: it fits any path.
  return { kind: 'udp', ...parseAddress(V1, address.slice(6)), payloadBytes: payloadBytes ?? 512 }
}

function proxyOf(output: string, read: EnvReader): URL | undefined {
  const text = read.text(`${PREFIX}PROXY`) ?? read.text(`${PREFIX}HTTP_PROXY`)
  return text === undefined ? undefined : parseUrl(output, text)
}

function endpoint(base: URL, path: string): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`
  return url
}

function fieldKinds(output: string, tagsAsFields: readonly string[]): Map<string, FieldKind> {
  const kinds = new Map<string, FieldKind>()
  for (const text of tagsAsFields) {
    const [name = '', type = ''] = text.split(/:(.*)/s)
    if (kinds.has(name)) {
      throw outputNotCreated(
        output,
        `a tag name (${name}) shows up more than once in InfluxDB field type configurations`,
      )
    }
    const kind = type === '' ? 'string' : type
    if (kind !== 'string' && kind !== 'int' && kind !== 'float' && kind !== 'bool')
      throw outputNotCreated(output, `an invalid type (${type}) is specified for an InfluxDB field (${name})`)
    kinds.set(name, kind)
  }
  return kinds
}

function v1Precision(text: string): InfluxConfig['precision'] {
  const ns = { '': 1, n: 1, ns: 1, u: 1e3, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }[text]
  if (ns === undefined)
    throw outputNotCreated(V1, `invalid precision ${JSON.stringify(text)}; there are n, u, ms, s, m, h`)
  return { ns, name: text === '' || text === 'n' ? 'ns' : text === 'us' ? 'u' : text }
}

function v2Precision(ns: number): InfluxConfig['precision'] {
  if (ns >= 1e9) return { ns: 1e9, name: 's' }
  if (ns >= 1e6) return { ns: 1e6, name: 'ms' }
  return ns >= 1e3 ? { ns: 1e3, name: 'us' } : { ns: 1, name: 'ns' }
}
