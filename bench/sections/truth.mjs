// Latency truth: what perfwright (and k6) report of a server that knows how long each request was in its hands, and an
// A/A pair that must show no difference. The server runs on core 0 (test/targets/delay-server.mjs).
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from '../lib/statistics.mjs'
import { timedScript, variables } from '../lib/timed.mjs'
import { k6, root } from '../lib/tools.mjs'

const quantiles = { p50: 0.5, p99: 0.99, 'p99.9': 0.999 }
const keys = { p50: 'med', p99: 'p(99)', 'p99.9': 'p(99.9)' }

export async function run({ work, short }) {
  const seconds = short ? 15 : 60
  const rate = 300
  const server = await startDelayServer()
  const out = {}
  process.stdout.write(
    `\n${rate} requests/s for ${seconds} s, log-normal around 40 ms, every 50th 400 ms, all stalled for 500 ms each 10 s\n\n`,
  )
  process.stdout.write('| Run | n | p50 ms (off) | p99 ms (off) | p99.9 ms (off) |\n|---|---|---|---|---|\n')
  try {
    for (const [name, tool] of [
      ['perfwright A', 'perfwright'],
      ['perfwright A again', 'perfwright'],
      ...(k6 ? [['k6', 'k6']] : []),
    ]) {
      await fetch(`${server.url}/reset`)
      const csv = join(work, 'samples.csv')
      const { metrics } = await timedScript(
        tool,
        [
          ...variables({ URL: `${server.url}/`, RATE: rate, DURATION: `${seconds}s` }),
          '--out',
          `csv=${csv}`,
          join(root, 'bench', 'scripts', 'arrival-rate.js'),
        ],
        { work },
      )
      const truth = (await (await fetch(`${server.url}/truth`)).json()).sort((a, b) => a - b)
      const reported = metrics.http_req_duration
      const rows = Object.entries(quantiles).map(([label, q]) => {
        const real = quantile(truth, q)
        return { label, real, reported: reported[keys[label]], off: reported[keys[label]] / real - 1 }
      })
      out[name] = { requests: metrics.http_reqs.count, seen: truth.length, rows, samples: durations(csv) }
      process.stdout.write(
        `| ${name} | ${metrics.http_reqs.count} (server saw ${truth.length}) | ${rows
          .map((row) => `${format(row.reported, 2)} (${(100 * row.off).toFixed(2)} %)`)
          .join(' | ')} |\n`,
      )
    }
  } finally {
    server.stop()
  }
  const [a, b] = [out['perfwright A'].samples, out['perfwright A again'].samples]
  const { distance, p } = kolmogorovSmirnov(a, b)
  process.stdout.write(`A/A: greatest distance of the two distributions ${distance.toFixed(4)}, p = ${p.toFixed(2)}\n`)
  for (const row of Object.values(out)) delete row.samples
  return { ...out, aa: { distance, p } }
}

/** As our sketch and k6 both define it: linear between the two neighbouring ranks. */
function quantile(sorted, q) {
  const at = q * (sorted.length - 1)
  const low = Math.floor(at)
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low)
}

function durations(csv) {
  const [head, ...lines] = readFileSync(csv, 'utf8').trim().split('\n')
  const names = head.split(',')
  const [name, value] = [names.indexOf('metric_name'), names.indexOf('metric_value')]
  return lines
    .map((line) => line.split(','))
    .filter((cells) => cells[name] === 'http_req_duration')
    .map((cells) => Number(cells[value]))
    .sort((x, y) => x - y)
}

/** The two-sample test; p by Kolmogorov's series, which takes the samples as independent (stalls make it strict). */
function kolmogorovSmirnov(a, b) {
  let [i, j, distance] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    const x = Math.min(a[i], b[j])
    while (i < a.length && a[i] <= x) i++
    while (j < b.length && b[j] <= x) j++
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length))
  }
  const n = Math.sqrt((a.length * b.length) / (a.length + b.length))
  const lambda = (n + 0.12 + 0.11 / n) * distance
  let p = 0
  for (let k = 1; k <= 100; k++) p += 2 * (-1) ** (k - 1) * Math.exp(-2 * k * k * lambda * lambda)
  return { distance, p: lambda < 0.2 ? 1 : Math.min(1, Math.max(0, p)) }
}

async function startDelayServer() {
  const child = spawn(
    'taskset',
    ['-c', '0', process.execPath, join(root, 'test', 'targets', 'delay-server.mjs'), '7'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const { url } = JSON.parse(await new Promise((resolve) => child.stdout.once('data', resolve)))
  return { url, stop: () => child.stdin.end() }
}
