/** The global `console`: five levels, into the run's log with `source=console`, as k6 has it. */
import type { VuScope } from '../../types.js'
import { realmObject } from '../encoding/go-values.js'
import { formatConsoleArgs } from './format.js'

export { consoleKeys, consoleText, formatConsoleArgs } from './format.js'

const fields = { source: 'console' }

export function createConsole(vu: VuScope): Record<string, unknown> {
  const log = vu.log
  return realmObject(vu.realm, {
    debug: (...args: unknown[]) => log.debug(formatConsoleArgs(args), fields),
    error: (...args: unknown[]) => log.error(formatConsoleArgs(args), fields),
    info: (...args: unknown[]) => log.info(formatConsoleArgs(args), fields),
    log: (...args: unknown[]) => log.info(formatConsoleArgs(args), fields),
    warn: (...args: unknown[]) => log.warn(formatConsoleArgs(args), fields),
  })
}
