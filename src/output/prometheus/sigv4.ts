/** Signs a request to Amazon's managed Prometheus. Source: AWS General Reference, "Signature Version 4 signing process". */
import { createHash, createHmac } from 'node:crypto'

export interface SigV4Keys {
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
  /** Amazon's short name of the receiver; `aps` is the managed Prometheus. */
  readonly service: string
}

/** The headers that a signed POST has beside `headers`. */
export function signV4(
  { region, accessKey, secretKey, service }: SigV4Keys,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  unixMs: number,
): Record<string, string> {
  const time = new Date(unixMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const day = time.slice(0, 8)
  const bodyHash = sha256(body)
  const added = { 'X-Amz-Date': time, 'X-Amz-Content-Sha256': bodyHash }
  const signed = Object.entries({ ...headers, ...added, host: url.host })
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/\s+/g, ' ')] as const)
    // What proxies add or change on the way.
    .filter(([name]) => name !== 'user-agent' && name !== 'authorization')
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const canonical = [
    'POST',
    escaped(url.pathname),
    canonicalQuery(url),
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    bodyHash,
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  let key: Buffer = Buffer.from(`AWS4${secretKey}`)
  for (const part of [day, region, service, 'aws4_request']) key = hmac(key, part)
  const signature = hmac(key, text).toString('hex')
  return {
    ...added,
    Authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  }
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${strict(name)}=${strict(value)}`)
    .sort()
    .join('&')
}

/** A path is escaped once more, its slashes stay. */
function escaped(path: string): string {
  return path.split('/').map(strict).join('/')
}

function strict(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
