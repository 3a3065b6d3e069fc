/** Every adviser, in the order in which they speak. A new one is a file or folder beside this and a line here. */
import type { Advisor } from './types.js'

export interface AdvisorEntry {
  readonly name: string
  load(): Promise<Advisor>
}

export const advisors: readonly AdvisorEntry[] = [
  { name: 'n-plus-one', load: async () => (await import('./n-plus-one/index.js')).nPlusOne },
  { name: 'round-trips', load: async () => (await import('./n-plus-one/round-trips.js')).roundTripLoops },
  { name: 'pagination', load: async () => (await import('./pagination/index.js')).pagination },
  { name: 'caching', load: async () => (await import('./caching/index.js')).caching },
  { name: 'redis', load: async () => (await import('./redis/index.js')).redisKeys },
  { name: 'over-fetching', load: async () => (await import('./api/over-fetching.js')).overFetching },
  { name: 'serial', load: async () => (await import('./api/serial.js')).serialWork },
  { name: 'event-loop', load: async () => (await import('./api/event-loop.js')).eventLoop },
  { name: 'payload', load: async () => (await import('./api/payload.js')).payload },
  { name: 'postgres-indexes', load: async () => (await import('./postgres/index-advice.js')).postgresIndexes },
  { name: 'postgres-plans', load: async () => (await import('./postgres/plan-advice.js')).postgresPlans },
  { name: 'postgres-schema', load: async () => (await import('./postgres/schema-advice.js')).postgresSchema },
  { name: 'postgres-activity', load: async () => (await import('./postgres/activity-advice.js')).postgresActivity },
  { name: 'mysql', load: async () => (await import('./mysql/index.js')).mysqlAdvisor },
  { name: 'mongodb', load: async () => (await import('./mongodb/index.js')).mongodbAdvisor },
]
