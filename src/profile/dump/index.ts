/** Where a running process is now: the stacks of all its threads or goroutines, equal ones counted together. */
import type { Clock } from '#base/clock.js'
import { unusable } from '../take/errors.js'
import { goUrl } from '../take/index.js'
import { inspectProcess } from '../take/process.js'
import type { PySpy } from '../take/python/py-spy.js'
import { dumpGo } from './go.js'
import { dumpNode } from './node.js'
import { dumpPython } from './python.js'
import type { Dump } from './types.js'

export type { Dump } from './types.js'

/** @throws PerfwrightError with exit code 34 when the process cannot be looked at */
export async function dumpProcess(pid: number, pySpy: PySpy, clock: Clock): Promise<Dump> {
  const target = inspectProcess(pid)
  if (target.runtime === 'node') return await dumpNode(target, clock)
  if (target.runtime === 'python') return await dumpPython(pid, pySpy)
  if (target.runtime === 'go') return await dumpGo(await goUrl(target))
  throw unusable(
    'PW_PROFILE_RUNTIME',
    `Process ${pid} (${target.exe ?? target.commandLine[0] ?? 'unknown'}) is neither Node, nor Python, nor Go.`,
    `gdb -p ${pid} -batch -ex "thread apply all bt"`,
  )
}
