/** What `advise` is given, with a database and nothing else. */
import { systemClock } from '#base/clock.js'
import { seededRandom } from '#base/random.js'
import type { AdviseInput } from '../../types.js'

export function inputFor(uri: string, more: Partial<AdviseInput> = {}): AdviseInput {
  return {
    record: undefined,
    databases: [{ kind: uri.startsWith('mysql:') ? 'mysql' : 'postgres', uri }],
    capture: undefined,
    target: { command: undefined, sourceDir: undefined, language: 'unknown', orm: 'none', how: 'a test' },
    sources: { list: () => undefined, read: () => undefined },
    scratch: undefined,
    stalenessS: new Map(),
    clock: systemClock,
    random: seededRandom(process.pid),
    signal: new AbortController().signal,
    progress: () => {},
    ...more,
  }
}
