/** Every adviser, in the order in which they speak. A new one is a file or folder beside this and a line here. */
import type { Advisor } from './types.js'

export interface AdvisorEntry {
  readonly name: string
  load(): Promise<Advisor>
}

export const advisors: readonly AdvisorEntry[] = [
  { name: 'n-plus-one', load: async () => (await import('./n-plus-one/index.js')).nPlusOne },
  { name: 'payload', load: async () => (await import('./api/payload.js')).payload },
  { name: 'postgres-indexes', load: async () => (await import('./postgres/index-advice.js')).postgresIndexes },
]
