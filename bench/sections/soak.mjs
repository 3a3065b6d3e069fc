// Resident memory along a long run, and whether every request that was counted is one that the server saw.
//   --requests N             as fast as it goes, 50 VUs (default 10,000,000)
//   --minutes M --rate R     at a constant arrival rate of R a second
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startHttpServer } from '../lib/http-server.mjs'
import { format, median, regression } from '../lib/statistics.mjs'
import { variables } from '../lib/timed.mjs'
import { perfwright, root } from '../lib/tools.mjs'

export async function run({ work, flags }) {
  const server = await startHttpServer(work)
  const scripts = join(root, 'bench', 'scripts')
  const url = `${server.url}/products`
  const load =
    flags.minutes === undefined
      ? [
          '--vus',
          '50',
          '--iterations',
          flags.requests ?? '10000000',
          ...variables({ URL: url }),
          join(scripts, 'http-get-check.js'),
        ]
      : [
          ...variables({ URL: url, RATE: flags.rate ?? 5000, DURATION: `${flags.minutes}m`, VUS: 200 }),
          join(scripts, 'arrival-rate.js'),
        ]
  try {
    const before = await server.seen()
    const summary = join(work, 'soak.json')
    const child = spawn(
      'taskset',
      [
        '-c',
        '1',
        ...perfwright,
        'run',
        '--quiet',
        '--no-observe',
        '--no-report',
        '--workers=1',
        `--summary-export=${summary}`,
        `--record=${join(work, 'soak')}`,
        ...load,
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    )
    const samples = await residentMemory(child)
    const { metrics } = JSON.parse(readFileSync(summary, 'utf8'))
    const seen = (await server.seen()) - before - 1
    const slope = slopeOf(samples)
    const at = (q) => format(samples[Math.floor(q * (samples.length - 1))][1], 1)
    process.stdout.write(
      `Soak: ${format(metrics.http_reqs.count)} requests in ${format(samples.at(-1)[0])} s, the server saw ${format(seen)}, dropped ${metrics.dropped_iterations?.count ?? 0}\n` +
        `MB at 10, 25, 50, 75, 90, 100 %: ${[0.1, 0.25, 0.5, 0.75, 0.9, 1].map(at).join(', ')}; slope after the first fifth ${(slope.slope * 3600).toFixed(2)} MB/h, 95 % interval [${(slope.low * 3600).toFixed(2)}, ${(slope.high * 3600).toFixed(2)}]\n`,
    )
    return { requests: metrics.http_reqs.count, seen, samples, slope }
  } finally {
    server.stop()
  }
}

/** [seconds, MB] once a second until the process ends. */
async function residentMemory(child) {
  const samples = []
  const started = performance.now()
  const timer = setInterval(() => {
    try {
      const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1])
      samples.push([(performance.now() - started) / 1000, rss / 1024])
    } catch {
      // The process is gone; the close event follows.
    }
  }, 1000)
  await new Promise((resolve) => child.on('close', resolve))
  clearInterval(timer)
  return samples
}

/** Memory moves in steps of the collector, so neighbours depend on one another: medians of 40 blocks stand for them. */
function slopeOf(samples) {
  const steady = samples.slice(Math.floor(samples.length / 5))
  const size = Math.max(1, Math.floor(steady.length / 40))
  const blocks = []
  for (let i = 0; i + size <= steady.length; i += size) {
    const block = steady.slice(i, i + size)
    blocks.push([median(block.map(([x]) => x)), median(block.map(([, y]) => y))])
  }
  return regression(blocks)
}
