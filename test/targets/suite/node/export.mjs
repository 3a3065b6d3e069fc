// event-loop-blocked: one export in a while compresses its report on the loop, and every other request waits for it.
import { promisify } from 'node:util'
import { gzip, gzipSync } from 'node:zlib'
import { faulty } from './context.mjs'

const report = Buffer.from(
  Array.from(
    { length: 60_000 },
    (_, i) => `${i};order ${(i * 7919) % 104_729};${(i * 31) % 997}.${i % 100};paid\n`,
  ).join(''),
)
const compress = promisify(gzip)

export async function exportReport() {
  const packed = faulty('event-loop-blocked') ? packReportAtOnce() : await packReportInPool()
  return { bytes: packed.length }
}

function packReportAtOnce() {
  return gzipSync(report, { level: 9 })
}

function packReportInPool() {
  return compress(report, { level: 1 })
}

/** A cheap endpoint, to see what the others suffer. */
export function status() {
  return { ok: true }
}
