/** Environment and command line of a target with the addresses of its services in place of our proxies'. */
import type { WireProtocol } from './types.js'

export interface Rewrite {
  readonly protocol: WireProtocol | 'http'
  /** As the person gave it. */
  readonly uri: string
  readonly host: string
  readonly port: number
  readonly proxyPort: number
}

/**
 * Every variable whose value names a service's host and port gets the proxy's; those that clients read by custom are set.
 * @returns names of the variables that were changed or set, for messages
 */
export function rewrittenEnv(
  env: Readonly<Record<string, string | undefined>>,
  rewrites: readonly Rewrite[],
): { readonly env: Record<string, string | undefined>; readonly changed: readonly string[] } {
  const result: Record<string, string | undefined> = { ...env }
  const changed = new Set<string>()
  for (const rewrite of rewrites) {
    for (const [name, value] of Object.entries(env)) {
      if (value === undefined) continue
      const text = rewrittenText(value, rewrite)
      if (text === value) continue
      result[name] = text
      changed.add(name)
    }
    for (const [name, value] of Object.entries(customary(rewrite))) {
      if (changed.has(name)) continue
      result[name] = value
      changed.add(name)
    }
  }
  return { env: result, changed: [...changed].sort() }
}

/** `host:port` of the service, under the names that a machine has for itself too. */
export function rewrittenText(text: string, { host, port, proxyPort, protocol }: Rewrite): string {
  const hosts = isLocal(host) ? ['127.0.0.1', 'localhost', '[::1]'] : [host]
  let changed = text
  for (const name of hosts) {
    const pattern = name.replace(/[.[\]\\]/g, '\\$&')
    changed = changed.replace(new RegExp(`(^|[/@\\s,='"])${pattern}:${port}(?!\\d)`, 'g'), `$1127.0.0.1:${proxyPort}`)
    // A URI without a port means the usual one.
    if (protocol !== 'http' && usual[protocol] === port)
      changed = changed.replace(
        new RegExp(`((?:${schemes[protocol]})://(?:[^@/\\s]*@)?)${pattern}(?=[/?\\s'"]|$)`, 'g'),
        `$1127.0.0.1:${proxyPort}`,
      )
  }
  // From the target to the proxy nothing is encrypted.
  return changed === text
    ? text
    : changed
        .replace(/([?&]sslmode=)(?:require|verify-ca|verify-full)/, '$1disable')
        .replace(/rediss:\/\/(?=[^\s]*127\.0\.0\.1)/, 'redis://')
}

const usual: Readonly<Record<WireProtocol, number>> = { postgres: 5432, mysql: 3306, redis: 6379, mongodb: 27017 }
const schemes: Readonly<Record<WireProtocol, string>> = {
  postgres: 'postgres(?:ql)?(?:\\+\\w+)?',
  mysql: '(?:mysql|mariadb)(?:\\+\\w+)?',
  redis: 'rediss?',
  mongodb: 'mongodb',
}

function customary(rewrite: Rewrite): Record<string, string> {
  const { protocol, uri, proxyPort } = rewrite
  const port = String(proxyPort)
  const own = (): string => throughProxy(uri, proxyPort)
  switch (protocol) {
    case 'postgres':
      return { DATABASE_URL: own(), PGHOST: '127.0.0.1', PGPORT: port, PGSSLMODE: 'disable' }
    case 'mysql':
      return { DATABASE_URL: own(), MYSQL_HOST: '127.0.0.1', MYSQL_PORT: port, MYSQL_TCP_PORT: port }
    case 'redis':
      return { REDIS_URL: own(), REDIS_HOST: '127.0.0.1', REDIS_PORT: port }
    case 'mongodb':
      return { MONGODB_URI: own(), MONGO_URL: own() }
    default:
      return {}
  }
}

/** The URI with our address, and without its wish for TLS. */
export function throughProxy(uri: string, proxyPort: number): string {
  return uri
    .replace(/^rediss:/, 'redis:')
    .replace(/^([a-z+]+:\/\/(?:[^@/?]*@)?)[^/?]*/, `$1127.0.0.1:${proxyPort}`)
    .replace(/([?&]sslmode=)[^&]*/, '$1disable')
    .replace(/([?&](?:tls|ssl)=)true/, '$1false')
}

function isLocal(host: string): boolean {
  return /^(127\.0\.0\.1|localhost|::1)$/.test(host)
}
