/** Collectors by the scheme of what is to be observed: `--observe URI`. Each is loaded when it is named. */
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { Collector } from './types.js'

type Factory = (uri: string) => Promise<Collector>

const postgres: Factory = async (uri) => (await import('./services/postgres/index.js')).createPostgresCollector(uri)
const mysql: Factory = async (uri) => (await import('./services/mysql/index.js')).createMysqlCollector(uri)
const mongodb: Factory = async (uri) => (await import('./services/mongodb/index.js')).createMongodbCollector(uri)
const prometheus: Factory = async (uri) =>
  (await import('./services/prometheus/index.js')).createPrometheusCollector(uri)
const otlp: Factory = async (uri) => (await import('./services/otlp/index.js')).createOtlpCollector(uri)
const redis: Factory = async (uri) => (await import('./services/redis/index.js')).createRedisCollector(uri)
const go: Factory = async (uri) => {
  const { GoCollector } = await import('./runtimes/go.js')
  return new GoCollector({ url: uri.replace(/^go\+/, '') })
}

const factories: Readonly<Record<string, Factory>> = {
  postgres,
  postgresql: postgres,
  redis,
  rediss: redis,
  mysql,
  mariadb: mysql,
  mongodb,
  'mongodb+srv': mongodb,
  'prometheus+http': prometheus,
  'prometheus+https': prometheus,
  otlp,
  'otlp+grpc': otlp,
  'go+http': go,
  'go+https': go,
}

/** @throws PW_OBSERVE_SCHEME, and what the collector says of its URI */
export async function collectorOf(uri: string): Promise<Collector> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase() ?? ''
  const factory = Object.hasOwn(factories, scheme) ? factories[scheme] : undefined
  if (factory === undefined) {
    throw new PerfwrightError({
      code: 'PW_OBSERVE_SCHEME',
      message: scheme === '' ? '--observe needs an address with a scheme.' : `There is no collector for ${scheme}:.`,
      where: '--observe',
      fix: `use one of ${Object.keys(factories).join(', ')}, as in --observe postgres://user:password@host/database`,
      exitCode: ExitCode.usage,
    })
  }
  return await factory(uri)
}
