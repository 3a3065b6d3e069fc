/** The process in which one protocol is tried: says how far it is, and measures its own memory. */
import type { Fuzz } from './protocol.js'

interface Memory {
  readonly rss: number
  /** What is left after a garbage collection, buffers included. */
  readonly live: number
}

/** Live memory may differ by this between the first tenth and the end; caches are full by then. */
const allowedGrowthBytes = 8 * 1_048_576

export async function child(fuzz: Fuzz): Promise<void> {
  const count = Number(process.argv[2])
  const seed = Number(process.argv[3])
  const step = Math.max(1, Math.floor(count / 200))
  const warm = Math.floor(count / 10)
  let before: Memory | undefined
  const startedMs = performance.now()
  try {
    const outcomes = await fuzz({
      count,
      seed,
      progress: (done) => {
        if (done % step === 0) process.send?.({ done })
        if (done >= warm) before ??= memory()
      },
    })
    const seconds = (performance.now() - startedMs) / 1000
    before ??= memory()
    const after = memory()
    const growth = after.live - before.live
    if (growth > allowedGrowthBytes) throw new Error(`live memory grew by ${Math.round(growth / 1024)} KB`)
    process.send?.({ result: { cases: count, seconds, before, after, outcomes } }, () => process.exit(0))
  } catch (error) {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.send?.({ problem }, () => process.exit(1))
  }
}

function memory(): Memory {
  const collect = (globalThis as { gc?: () => void }).gc
  collect?.()
  collect?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, live: heapUsed + external }
}
