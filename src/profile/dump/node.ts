import type { Clock } from '#base/clock.js'
import { stackOf } from '../model.js'
import { attachNode } from '../take/node/attach.js'
import { takeNodeCpu } from '../take/node/cpu.js'
import type { TargetProcess } from '../take/process.js'
import { treeTotals } from '../views/tree.js'
import { type Dump, group, type OneStack } from './types.js'

const durationMs = 200
const rateHz = 1000

/**
 * Node has no stack while its event loop waits, so the answer is where its threads were in a fifth of a second, and what
 * keeps the loop alive.
 */
export async function dumpNode(target: TargetProcess, clock: Clock): Promise<Dump> {
  const attached = await attachNode(target, clock)
  try {
    const signal = new AbortController().signal
    const { profile } = await takeNodeCpu(attached, { kind: 'wall', durationMs, rateHz, clock, signal })
    const wall = profile.valueTypes.findIndex(({ type }) => type === 'wall')
    const { self } = treeTotals(profile, wall)
    const stacks: OneStack[] = []
    for (let node = 1; node < self.length; node++) {
      const ms = Math.round((self[node] as number) / 1e6)
      if (ms === 0) continue
      const stack = stackOf(profile, node).reverse()
      const state = stack[0]?.name === '(idle)' ? 'idle' : 'running'
      stacks.push({ name: '', state, count: ms, stack })
    }
    const handles = await attached.session.evaluate<string>(
      'Object.entries(process.getActiveResourcesInfo().reduce((sum, name) => ({ ...sum, [name]: (sum[name] ?? 0) + 1 }), {})).map(([name, count]) => `${count} ${name}`).join(", ")',
    )
    return {
      runtime: 'node',
      method: `V8's sampler for ${durationMs} ms, every ${1000 / rateHz} ms; counts are milliseconds`,
      groups: group(stacks),
      notes: [`open handles: ${handles === '' ? 'none' : handles}`],
    }
  } finally {
    await attached.detach()
  }
}
