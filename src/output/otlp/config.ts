import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ExitCode, type PerfwrightError } from '#base/errors.js'
import { openReason, outputNotCreated } from '../errors.js'
import { type Env, EnvReader } from '../net/env.js'
import { basicAuth, type PostTls } from '../net/http-post.js'

export type OtlpProtocol = 'grpc' | 'http/protobuf' | 'http/json'

export interface OtlpConfig {
  readonly protocol: OtlpProtocol
  readonly url: URL
  /** As the run's head shows it, in k6's form. */
  readonly shown: string
  readonly headers: Readonly<Record<string, string>>
  readonly tls: PostTls
  readonly gzip: boolean
  readonly timeoutNs: number
  readonly exportIntervalNs: number
  readonly prefix: string
  /** Resource attributes, sorted by key. */
  readonly resource: readonly (readonly [string, string])[]
  readonly delta: boolean
  readonly exponential: boolean
}

const NAME = 'opentelemetry'
const PREFIX = 'K6_OTEL_'

/**
 * k6's variables, and below them those that every OpenTelemetry SDK has.
 * Source: grafana.com/docs/k6, "OpenTelemetry"; opentelemetry.io, "OTLP Exporter Configuration".
 * @param argument  own: `http://host:4318`, `https://...`, `grpc://host:4317`, `grpcs://...`
 * @throws PW_OUTPUT_CREATE
 */
export function readOtlpConfig(argument: string, env: Env, cwd: string, version: string): OtlpConfig {
  const read = new EnvReader(NAME, env)
  const protocol = protocolOf(read, argument)
  const { url, insecure } = endpointOf(read, protocol, argument)
  // k6 sums up at one interval and sends at another; here a second is a window.
  read.durationNs(`${PREFIX}FLUSH_INTERVAL`)
  const shown = protocol === 'grpc' ? `grpc${insecure ? ' (insecure)' : ''}, ${url.host}` : `${protocol}, ${url.href}`
  return {
    protocol,
    url,
    shown,
    headers: headersOf(read),
    tls: tlsOf(read, cwd),
    gzip: sdk(read, 'COMPRESSION') === 'gzip',
    timeoutNs:
      (read.int('OTEL_EXPORTER_OTLP_METRICS_TIMEOUT') ?? read.int('OTEL_EXPORTER_OTLP_TIMEOUT') ?? 10_000) * 1e6,
    exportIntervalNs: read.durationNs(`${PREFIX}EXPORT_INTERVAL`) ?? 10e9,
    prefix: read.text(`${PREFIX}METRIC_PREFIX`) ?? '',
    resource: resourceOf(read, version),
    delta: /^(delta|lowmemory)$/i.test(read.text('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE') ?? ''),
    exponential:
      read.text('OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION')?.toLowerCase() ===
      'base2_exponential_bucket_histogram',
  }
}

function protocolOf(read: EnvReader, argument: string): OtlpProtocol {
  const asked = read.text(`${PREFIX}EXPORTER_PROTOCOL`)
  if (asked === undefined && /^https?:/.test(argument)) return 'http/protobuf'
  const protocol = asked ?? 'grpc'
  if (protocol === 'grpc' || protocol === 'http/protobuf' || protocol === 'http/json') return protocol
  throw invalid(
    `unsupported exporter protocol ${JSON.stringify(protocol)}, only "grpc" and "http/protobuf" are supported`,
  )
}

/** k6 has an exit code of its own for these. */
function invalid(why: string): PerfwrightError {
  const message = `error validating OpenTelemetry output config: ${why}`
  return outputNotCreated(NAME, message, undefined, ExitCode.invalidConfig)
}

function endpointOf(
  read: EnvReader,
  protocol: OtlpProtocol,
  argument: string,
): { readonly url: URL; readonly insecure: boolean } {
  const kind = protocol === 'grpc' ? 'GRPC' : 'HTTP'
  const path = protocol === 'grpc' ? '' : (read.text(`${PREFIX}HTTP_EXPORTER_URL_PATH`) ?? '/v1/metrics')
  const own = read.text(`${PREFIX}${kind}_EXPORTER_ENDPOINT`)
  const insecure = read.bool(`${PREFIX}${kind}_EXPORTER_INSECURE`) ?? sdk(read, 'INSECURE') === 'true'
  if (own !== undefined && /^https?:\/\//.test(own) && kind === 'HTTP') {
    throw invalid('HTTP exporter endpoint must only be host and port, no scheme')
  }
  const general = argument !== '' ? argument : own === undefined ? sdkEndpoint(read, path) : undefined
  if (general !== undefined) {
    const text = /^[a-z]+:\/\//.test(general) ? general : `${insecure ? 'http' : 'https'}://${general}`
    const plain = /^(http|grpc):/.test(text)
    const url = parse(text.replace(/^grpcs?:/, plain ? 'http:' : 'https:'))
    if (argument !== '' && url.pathname === '/') url.pathname = path
    return { url, insecure: url.protocol === 'http:' }
  }
  const host = own ?? (protocol === 'grpc' ? 'localhost:4317' : 'localhost:4318')
  const url = parse(`${insecure ? 'http' : 'https'}://${host.replace(/^[a-z]+:\/\//, '')}`)
  url.pathname = path
  return { url, insecure }
}

/** The general endpoint is a base, the one for metrics is the whole URL. */
function sdkEndpoint(read: EnvReader, path: string): string | undefined {
  const whole = read.text('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT')
  const base = read.text('OTEL_EXPORTER_OTLP_ENDPOINT')
  return whole ?? (base === undefined ? undefined : `${base.replace(/\/$/, '')}${path}`)
}

function parse(text: string): URL {
  if (URL.canParse(text)) return new URL(text)
  throw outputNotCreated(NAME, `${JSON.stringify(text)} is no endpoint; it should look like localhost:4317`)
}

function headersOf(read: EnvReader): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_METRICS_HEADERS', `${PREFIX}HEADERS`]) {
    for (const pair of read.list(name) ?? []) {
      const equals = pair.indexOf('=')
      if (equals < 0) {
        throw outputNotCreated(
          NAME,
          `failed to parse headers: invalid header ${JSON.stringify(pair)}, expected format key=value`,
        )
      }
      headers[unescape(pair.slice(0, equals)).toLowerCase()] = unescape(pair.slice(equals + 1))
    }
  }
  const username = read.text(`${PREFIX}HTTP_EXPORTER_USERNAME`)
  if (username !== undefined)
    headers['authorization'] = basicAuth(username, read.text(`${PREFIX}HTTP_EXPORTER_PASSWORD`) ?? '')
  return headers
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    throw outputNotCreated(NAME, `failed to unescape header ${JSON.stringify(text)}`)
  }
}

function tlsOf(read: EnvReader, cwd: string): PostTls {
  const file = (path: string, what: string): Buffer => {
    try {
      return readFileSync(resolve(cwd, path))
    } catch (error) {
      throw outputNotCreated(
        NAME,
        `failed to read ${what} from ${JSON.stringify(path)}: ${openReason(path, error)}`,
        error,
      )
    }
  }
  const ca = read.text(`${PREFIX}TLS_CERTIFICATE`) ?? sdk(read, 'CERTIFICATE')
  const cert = read.text(`${PREFIX}TLS_CLIENT_CERTIFICATE`) ?? sdk(read, 'CLIENT_CERTIFICATE')
  const key = read.text(`${PREFIX}TLS_CLIENT_KEY`) ?? sdk(read, 'CLIENT_KEY')
  return {
    rejectUnauthorized: !(read.bool(`${PREFIX}TLS_INSECURE_SKIP_VERIFY`) ?? false),
    ...(ca === undefined ? {} : { ca: file(ca, 'root certificate') }),
    ...(cert === undefined ? {} : { cert: file(cert, 'client certificate') }),
    ...(key === undefined ? {} : { key: file(key, 'client key') }),
  }
}

function resourceOf(read: EnvReader, version: string): readonly (readonly [string, string])[] {
  const attributes = new Map<string, string>()
  for (const pair of read.list('OTEL_RESOURCE_ATTRIBUTES') ?? []) {
    const [key = '', value = ''] = pair.split(/=(.*)/s)
    if (key.trim() !== '') attributes.set(unescape(key), unescape(value))
  }
  attributes.set('service.name', read.text(`${PREFIX}SERVICE_NAME`) ?? read.text('OTEL_SERVICE_NAME') ?? 'k6')
  attributes.set('service.version', read.text(`${PREFIX}SERVICE_VERSION`) ?? version)
  return [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))
}

function sdk(read: EnvReader, name: string): string | undefined {
  return read.text(`OTEL_EXPORTER_OTLP_METRICS_${name}`) ?? read.text(`OTEL_EXPORTER_OTLP_${name}`)
}
