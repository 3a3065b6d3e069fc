/** Collectors of services, by the scheme of the URI that `--observe` names. A new one is one folder and one line here. */
import type { Collector } from '../types.js'
import { createOtlpCollector } from './otlp/index.js'
import { createPostgresCollector } from './postgres/index.js'
import { createPrometheusCollector } from './prometheus/index.js'
import { createRedisCollector } from './redis/index.js'

export type CreateService = (uri: string) => Collector

/** Schemes as they stand before `://`; @throws (each) PW_OBSERVE_URI for an address that cannot be read */
export const services: Readonly<Record<string, CreateService>> = {
  postgres: createPostgresCollector,
  postgresql: createPostgresCollector,
  redis: createRedisCollector,
  rediss: createRedisCollector,
  'prometheus+http': createPrometheusCollector,
  'prometheus+https': createPrometheusCollector,
  otlp: createOtlpCollector,
  'otlp+grpc': createOtlpCollector,
}
