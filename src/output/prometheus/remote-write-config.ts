import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { openReason, outputNotCreated } from '../errors.js'
import { type Env, EnvReader } from '../net/env.js'
import { basicAuth, type PostTls } from '../net/http-post.js'
import { parseUrl } from '../net/url.js'
import type { OutputContext } from '../types.js'
import type { SigV4Keys } from './sigv4.js'

export interface RemoteWriteConfig {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly tls: PostTls
  readonly pushIntervalNs: number
  readonly trendStats: readonly string[]
  readonly trendAsNativeHistogram: boolean
  readonly staleMarkers: boolean
  readonly sigV4: SigV4Keys | undefined
}

const PREFIX = 'K6_PROMETHEUS_RW_'

/** @throws PW_OUTPUT_CREATE */
export function readRemoteWriteConfig(
  output: string,
  { env, cwd, features }: Pick<OutputContext, 'env' | 'cwd' | 'features'>,
): RemoteWriteConfig {
  const read = new EnvReader(output, env)
  return {
    url: parseUrl(output, read.text(`${PREFIX}SERVER_URL`) ?? 'http://localhost:9090/api/v1/write'),
    headers: headersOf(output, read, env),
    tls: tlsOf(output, read, cwd),
    pushIntervalNs: read.durationNs(`${PREFIX}PUSH_INTERVAL`) ?? 5e9,
    trendStats: read.list(`${PREFIX}TREND_STATS`) ?? ['p(99)'],
    // k6 2 made a feature of it; the variable stays as another name for that.
    trendAsNativeHistogram:
      features.includes('native-histograms') ||
      /^(1|t|true)$/i.test(read.text(`${PREFIX}TREND_AS_NATIVE_HISTOGRAM`) ?? ''),
    staleMarkers: read.bool(`${PREFIX}STALE_MARKERS`) ?? false,
    sigV4: sigV4Of(output, read),
  }
}

function headersOf(output: string, read: EnvReader, env: Env): Record<string, string> {
  const headers: Record<string, string> = {}
  const username = read.text(`${PREFIX}USERNAME`)
  if (username !== undefined) headers['Authorization'] = basicAuth(username, read.text(`${PREFIX}PASSWORD`) ?? '')
  const each = `${PREFIX}HEADERS_`
  for (const [name, value] of Object.entries(env))
    if (name.startsWith(each) && value !== undefined) headers[name.slice(each.length)] = value
  for (const pair of read.list(`${PREFIX}HTTP_HEADERS`) ?? []) {
    const parts = pair.split(':')
    const [key = '', value = ''] = parts
    if (parts.length !== 2)
      throw outputNotCreated(
        output,
        `the provided header (${pair}) does not respect the expected format <header key>:<value>`,
      )
    headers[key] = value
  }
  const token = read.text(`${PREFIX}BEARER_TOKEN`)
  if (token !== undefined) headers['Authorization'] = `Bearer ${token}`
  return headers
}

function tlsOf(output: string, read: EnvReader, cwd: string): PostTls {
  // The page of the documentation and the code of k6 have different names for it.
  const min = read.text(`${PREFIX}TLS_MIN_VERSION`) ?? read.text(`${PREFIX}TLS_MINIMUM_VERSION`)
  const cert = read.text(`${PREFIX}CLIENT_CERTIFICATE`)
  const key = read.text(`${PREFIX}CLIENT_CERTIFICATE_KEY`)
  const file = (path: string): Buffer => {
    try {
      return readFileSync(resolve(cwd, path))
    } catch (error) {
      throw outputNotCreated(output, `failed to load the TLS certificate: ${openReason(path, error)}`, error)
    }
  }
  return {
    minVersion: min === '1.2' ? 'TLSv1.2' : 'TLSv1.3',
    rejectUnauthorized: !(read.bool(`${PREFIX}INSECURE_SKIP_TLS_VERIFY`) ?? false),
    ...(cert === undefined || key === undefined ? {} : { cert: file(cert), key: file(key) }),
  }
}

function sigV4Of(output: string, read: EnvReader): SigV4Keys | undefined {
  const region = read.text(`${PREFIX}SIGV4_REGION`)
  const accessKey = read.text(`${PREFIX}SIGV4_ACCESS_KEY`)
  const secretKey = read.text(`${PREFIX}SIGV4_SECRET_KEY`)
  if (region !== undefined && accessKey !== undefined && secretKey !== undefined)
    return { region, accessKey, secretKey, service: 'aps' }
  if (region === undefined && accessKey === undefined && secretKey === undefined) return undefined
  throw outputNotCreated(
    output,
    'sigv4 seems to be partially configured. All of K6_PROMETHEUS_RW_SIGV4_REGION, K6_PROMETHEUS_RW_SIGV4_ACCESS_KEY, ' +
      'K6_PROMETHEUS_RW_SIGV4_SECRET_KEY must all be set. Unset all to bypass sigv4',
  )
}
