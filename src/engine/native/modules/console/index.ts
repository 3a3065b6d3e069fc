/** The global `console`: five levels, into the run's log with `source=console`, as k6 has it. */
import type { VuScope } from '../../types.js'
import { realmObject } from '../encoding/go-values.js'
import { formatConsoleArgs } from './format.js'

export { formatConsoleArgs } from './format.js'

const fields = { source: 'console' }

export function createConsole(vu: VuScope): Record<string, unknown> {
  const log = {
    debug: say(vu, 'debug'),
    info: say(vu, 'info'),
    warn: say(vu, 'warn'),
    error: say(vu, 'error'),
  }
  return realmObject(vu.realm, {
    debug: log.debug,
    error: log.error,
    info: log.info,
    log: (...args: unknown[]) => log.info(...args),
    warn: log.warn,
  })
}

function say(vu: VuScope, level: 'debug' | 'info' | 'warn' | 'error'): (...args: unknown[]) => void {
  return (...args) => {
    // An interrupted iteration says nothing more: in k6 not even its `finally` clauses run.
    vu.loop.check()
    vu.log[level](formatConsoleArgs(args), fields)
  }
}
