/**
 * The argument of `new redis.Client(...)`: a URL, or an object for one server, a cluster or a sentinel.
 * Source: grafana.com/docs/k6, "k6/experimental/redis", "Options"; texts of errors verified on k6 1.8.
 */
import { goTypeName } from '../encoding/go-values.js'

export interface RedisPlan {
  readonly kind: 'single' | 'cluster' | 'sentinel'
  /** Of a sentinel: where the sentinels are. */
  readonly nodes: readonly RedisNode[]
  readonly username: string
  readonly password: string
  readonly database: number
  readonly tls: RedisTls | undefined
  readonly masterName: string
  readonly sentinelUsername: string
  readonly sentinelPassword: string
  /** Retries of one command; -1 for none. */
  readonly maxRetries: number
  readonly minRetryBackoffMs: number
  readonly maxRetryBackoffMs: number
  readonly dialTimeoutMs: number
  readonly readTimeoutMs: number
  readonly maxRedirects: number
  readonly readOnly: boolean
}

export interface RedisNode {
  readonly host: string
  readonly port: number
}

export interface RedisTls {
  readonly ca: readonly string[]
  readonly cert: string
  readonly key: string
}

type Draft = { -readonly [K in keyof RedisPlan]: RedisPlan[K] }

/** @throws Error in k6's words */
export function readRedisOptions(value: unknown): RedisPlan {
  if (typeof value !== 'string' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    throw new Error(`invalid options type: ${goTypeName(value)}; expected string or object`)
  }
  try {
    return typeof value === 'string' ? fromUrls([value], 'single') : fromObject(value as Fields)
  } catch (error) {
    throw new Error(`invalid options; reason: ${(error as Error).message}`, { cause: error })
  }
}

type Fields = Readonly<Record<string, unknown>>

const empty: RedisPlan = {
  kind: 'single',
  nodes: [],
  username: '',
  password: '',
  database: 0,
  tls: undefined,
  masterName: '',
  sentinelUsername: '',
  sentinelPassword: '',
  maxRetries: 3,
  minRetryBackoffMs: 8,
  maxRetryBackoffMs: 512,
  dialTimeoutMs: 5000,
  readTimeoutMs: 3000,
  maxRedirects: 3,
  readOnly: false,
}

function fromObject(object: Fields): RedisPlan {
  const cluster = object['cluster']
  if (typeof cluster === 'object' && cluster !== null) return fromCluster(cluster as Fields)
  const draft: Draft = { ...empty }
  const isSentinel = Object.hasOwn(object, 'masterName')
  checkFields(object, isSentinel ? { ...nodeFields, ...sentinelFields } : nodeFields, structOf(isSentinel))
  if (isSentinel) {
    draft.kind = 'sentinel'
    draft.masterName = text(object['masterName'])
    draft.sentinelUsername = text(object['sentinelUsername'])
    draft.sentinelPassword = text(object['sentinelPassword'])
  }
  addNode(draft, object)
  return draft
}

function fromCluster(cluster: Fields): RedisPlan {
  const nodes = cluster['nodes']
  if (!Array.isArray(nodes)) {
    throw new Error(`cluster nodes property must be an array; got ${goTypeName(nodes)}`)
  }
  if (nodes.length === 0) throw new Error('cluster nodes property cannot be empty')
  const [first] = nodes as unknown[]
  const asText = typeof first === 'string'
  if (!asText && (typeof first !== 'object' || first === null)) {
    throw new Error(`cluster nodes array must contain string or object elements; got ${goTypeName(first)}`)
  }
  checkFields(cluster, clusterFields, asText ? 'clusterNodesStringOptions' : 'clusterNodesMapOptions')
  const draft: Draft = asText ? { ...fromUrls(nodes.map(String), 'cluster') } : { ...empty, kind: 'cluster' }
  if (!asText) {
    for (const node of nodes as Fields[]) {
      checkFields(node, nodeFields, 'clusterNodesMapOptions.nodes')
      addNode(draft, node)
    }
  }
  if (Number(cluster['maxRedirects']) > 0) draft.maxRedirects = Number(cluster['maxRedirects'])
  draft.readOnly =
    cluster['readOnly'] === true || cluster['routeByLatency'] === true || cluster['routeRandomly'] === true
  return draft
}

function addNode(draft: Draft, object: Fields): void {
  const socket = object['socket'] as Fields | undefined | null
  if (socket === undefined || socket === null) throw new Error('empty socket options')
  checkFields(socket, socketFields, 'socketOptions.socket')
  draft.nodes = [...draft.nodes, { host: text(socket['host']), port: Number(socket['port'] ?? 0) }]
  const tls = socket['tls'] as Fields | undefined | null
  if (tls !== undefined && tls !== null) {
    checkFields(tls, tlsFields, 'tlsOptions.socket.tls')
    draft.tls = { ca: ((tls['ca'] as unknown[]) ?? []).map(text), cert: text(tls['cert']), key: text(tls['key']) }
  }
  same(draft, 'username', text(object['username']), (a, b) => `inconsistent username option: ${a} != ${b}`)
  same(draft, 'password', text(object['password']), () => 'inconsistent password option')
  same(draft, 'database', Number(object['database'] ?? 0), (a, b) => `inconsistent db option: ${a} != ${b}`)
  const ms = (key: 'dialTimeoutMs' | 'readTimeoutMs', value: unknown): void => {
    if (Number(value) > 0) draft[key] = Number(value)
  }
  ms('dialTimeoutMs', socket['dialTimeout'])
  ms('readTimeoutMs', socket['readTimeout'])
  if (Number(object['maxRetries'] ?? 0) !== 0) draft.maxRetries = Number(object['maxRetries'])
  // k6 takes the two pauses as nanoseconds.
  if (Number(object['minRetryBackoff'] ?? 0) > 0) draft.minRetryBackoffMs = Number(object['minRetryBackoff']) / 1e6
  if (Number(object['maxRetryBackoff'] ?? 0) > 0) draft.maxRetryBackoffMs = Number(object['maxRetryBackoff']) / 1e6
}

function same<K extends 'username' | 'password' | 'database'>(
  draft: Draft,
  key: K,
  value: Draft[K],
  words: (a: unknown, b: unknown) => string,
): void {
  const before = draft[key]
  const isSet = (v: unknown): boolean => v !== '' && v !== 0
  if (isSet(before) && isSet(value) && before !== value) throw new Error(words(before, value))
  draft[key] = value
}

function fromUrls(urls: readonly string[], kind: RedisPlan['kind']): RedisPlan {
  const draft: Draft = { ...empty, kind }
  for (const url of urls) addUrl(draft, url)
  return draft
}

/** `redis[s]://[user][:password@]host[:port][/db][?option=value]`. */
function addUrl(draft: Draft, url: string): void {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? ''
  if (scheme === 'unix') throw new Error('redis: unix sockets are not supported')
  if (scheme !== 'redis' && scheme !== 'rediss') throw new Error(`redis: invalid URL scheme: ${scheme}`)
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined) throw new Error(`parse ${JSON.stringify(url)}: invalid URL`)
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  draft.nodes = [...draft.nodes, { host: host === '' ? 'localhost' : host, port: Number(parsed.port || 6379) }]
  same(draft, 'username', decodeURIComponent(parsed.username), (a, b) => `inconsistent username option: ${a} != ${b}`)
  same(draft, 'password', decodeURIComponent(parsed.password), () => 'inconsistent password option')
  const path = parsed.pathname.replace(/^\/|\/$/g, '')
  if (path.includes('/')) throw new Error(`redis: invalid URL path: ${parsed.pathname}`)
  let database = path === '' ? 0 : wholeNumber(path, `redis: invalid database number: ${JSON.stringify(path)}`)
  if (scheme === 'rediss') draft.tls = { ca: [], cert: '', key: '' }
  for (const [name, value] of parsed.searchParams) {
    const invalid = `redis: invalid ${name} ${/timeout|backoff/.test(name) ? 'duration' : 'number'}: ${JSON.stringify(value)}`
    if (name === 'db') database = wholeNumber(value, invalid)
    else if (name === 'max_retries') draft.maxRetries = wholeNumber(value, invalid)
    else if (name === 'dial_timeout') draft.dialTimeoutMs = seconds(value, invalid)
    else if (name === 'read_timeout') draft.readTimeoutMs = seconds(value, invalid)
    else if (!ignoredUrlOptions.has(name)) throw new Error(`redis: unexpected option: ${name}`)
  }
  same(draft, 'database', database, (a, b) => `inconsistent db option: ${a} != ${b}`)
}

/** Of the connection pool, of which there is none here, and of the protocol. */
const ignoredUrlOptions = new Set(
  (
    'protocol client_name min_retry_backoff max_retry_backoff write_timeout pool_fifo pool_size pool_timeout ' +
    'min_idle_conns max_idle_conns max_active_conns conn_max_idle_time conn_max_lifetime skip_verify'
  ).split(' '),
)

function wholeNumber(value: string, message: string): number {
  if (!/^-?\d{1,9}$/.test(value)) throw new Error(message)
  return Number(value)
}

function seconds(value: string, message: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(value)
  if (match === null) throw new Error(message)
  return Number(match[1]) * ({ ms: 1, s: 1000, m: 60_000 }[match[2] ?? 's'] ?? 1000)
}

type Kind = 'string' | 'int' | 'bool' | 'object' | 'list'

const nodeFields: Readonly<Record<string, Kind>> = {
  socket: 'object',
  username: 'string',
  password: 'string',
  clientName: 'string',
  database: 'int',
  maxRetries: 'int',
  minRetryBackoff: 'int',
  maxRetryBackoff: 'int',
}
const sentinelFields: Readonly<Record<string, Kind>> = {
  masterName: 'string',
  sentinelUsername: 'string',
  sentinelPassword: 'string',
}
const clusterFields: Readonly<Record<string, Kind>> = {
  nodes: 'list',
  maxRedirects: 'int',
  readOnly: 'bool',
  routeByLatency: 'bool',
  routeRandomly: 'bool',
}
const socketFields: Readonly<Record<string, Kind>> = {
  host: 'string',
  port: 'int',
  tls: 'object',
  dialTimeout: 'int',
  readTimeout: 'int',
  writeTimeout: 'int',
  poolSize: 'int',
  minIdleConns: 'int',
  maxConnAge: 'int',
  poolTimeout: 'int',
  idleTimeout: 'int',
  idleCheckFrequency: 'int',
}
const tlsFields: Readonly<Record<string, Kind>> = { ca: 'list', cert: 'string', key: 'string' }

const goKinds: Readonly<Record<Kind, string>> = {
  string: 'string',
  int: 'int',
  bool: 'bool',
  object: 'map',
  list: '[]string',
}

function structOf(isSentinel: boolean): string {
  return isSentinel ? 'sentinelOptions' : 'singleNodeOptions'
}

/** As Go's strict JSON decoder: no unknown field, no field of another type. */
function checkFields(object: Fields, known: Readonly<Record<string, Kind>>, path: string): void {
  for (const [name, value] of Object.entries(object)) {
    const kind = known[name]
    if (kind === undefined) throw new Error(`json: unknown field ${JSON.stringify(name)}`)
    if (value === undefined || value === null) continue
    const given = jsonKind(value)
    if (given === kind || (kind === 'int' && given === 'number' && Number.isInteger(value))) continue
    const shown = given === 'number' && kind === 'int' ? `number ${String(value)}` : given === 'list' ? 'array' : given
    throw new Error(`json: cannot unmarshal ${shown} into Go struct field ${path}.${name} of type ${goKinds[kind]}`)
  }
}

function jsonKind(value: unknown): Kind | 'number' {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return 'number'
  if (typeof value === 'boolean') return 'bool'
  return Array.isArray(value) ? 'list' : 'object'
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value)
}
