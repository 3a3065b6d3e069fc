// Many VUs on one core, and an exact rate: how late VUs go on after their think time, what an arrival rate loses.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startHttpServer } from '../lib/http-server.mjs'
import { format, showSpread, spread } from '../lib/statistics.mjs'
import { timedScript } from '../lib/timed.mjs'
import { k6, leftOut, root } from '../lib/tools.mjs'

export async function run({ work, rounds, short, flags }) {
  if (!k6) leftOut('k6')
  const server = await startHttpServer(work)
  const tools = ['perfwright', ...(k6 ? ['k6'] : [])]
  try {
    return {
      thinkTime: await thinkTime({ work, rounds: Math.min(rounds, 3), short, server, tools }),
      arrivalRate: await arrivalRate({
        work,
        rounds: Math.min(rounds, 3),
        short,
        server,
        tools,
        rate: flags.rate ?? 5000,
      }),
    }
  } finally {
    server.stop()
  }
}

async function thinkTime({ work, rounds, short, server, tools }) {
  const vus = short ? 2000 : 10_000
  const cases = { 'ramped up over 10 s': '10s', 'all in the first 100 ms': '100ms' }
  const rows = []
  process.stdout.write(
    `\n${vus} VUs with 1 s think time on core 1, http.get, server: ${server.name} on core 0, ${rounds} rounds\n\n`,
  )
  process.stdout.write(
    '| Start | Tool | scheduling lag p99, ms | p99.9, ms | requests | CPU seconds | MB |\n|---|---|---|---|---|---|---|\n',
  )
  for (const [start, ramp] of Object.entries(cases)) {
    const runs = await interleaved(tools, rounds, (tool) =>
      timedScript(
        tool,
        [
          ...(tool === 'perfwright' ? ['--workers', '1'] : []),
          '--summary-trend-stats',
          'p(99),p(99.9),max',
          '-e',
          `VUS=${vus}`,
          '-e',
          `RAMP=${ramp}`,
          '-e',
          `URL=${server.url}/products`,
          join(root, 'bench', 'scripts', 'think-time.js'),
        ],
        { work },
      ),
    )
    for (const [tool, list] of Object.entries(runs)) {
      const of = (pick) => spread(list.map(pick))
      const row = {
        start,
        tool,
        p99: of(({ metrics }) => metrics.scheduling_lag['p(99)']),
        p999: of(({ metrics }) => metrics.scheduling_lag['p(99.9)']),
        requests: of(({ metrics }) => metrics.http_reqs.count),
        cpuS: of(({ cpuS }) => cpuS),
        rssMb: of(({ maxRssKb }) => maxRssKb / 1024),
      }
      rows.push(row)
      process.stdout.write(
        `| ${[start, tool, showSpread(row.p99, 1), showSpread(row.p999, 1), showSpread(row.requests), showSpread(row.cpuS, 1), format(row.rssMb.median)].join(' | ')} |\n`,
      )
    }
  }
  return rows
}

async function arrivalRate({ work, rounds, short, server, tools, rate }) {
  const duration = short ? '5s' : '20s'
  process.stdout.write(`\nconstant-arrival-rate ${rate}/s for ${duration} on core 1\n\n`)
  process.stdout.write(
    '| Tool | started of asked | dropped | CPU seconds | start lag p99, ms | MB |\n|---|---|---|---|---|---|\n',
  )
  const record = join(work, 'scale-record')
  const runs = await interleaved(tools, rounds, async (tool) => {
    const out = await timedScript(
      tool,
      [
        ...(tool === 'perfwright' ? ['--workers', '1', '--record', record] : []),
        '--summary-trend-stats',
        'p(99)',
        '-e',
        `RATE=${rate}`,
        '-e',
        `DURATION=${duration}`,
        '-e',
        `URL=${server.url}/products`,
        join(root, 'bench', 'scripts', 'arrival-rate.js'),
      ],
      { work },
    )
    if (tool === 'k6') return out
    const { scenarios } = JSON.parse(readFileSync(join(record, 'run.json'), 'utf8'))
    rmSync(record, { recursive: true, force: true })
    return { ...out, startLagMsP99: scenarios[0].startLagMs.p99 }
  })
  const asked = rate * Number.parseInt(duration, 10) + 1
  return Object.entries(runs).map(([tool, list]) => {
    const of = (pick) => spread(list.map(pick))
    const row = {
      tool,
      started: of(({ metrics }) => metrics.iterations.count / asked),
      dropped: of(({ metrics }) => metrics.dropped_iterations?.count ?? 0),
      cpuS: of(({ cpuS }) => cpuS),
      lag: of(({ startLagMsP99 }) => startLagMsP99),
      rssMb: of(({ maxRssKb }) => maxRssKb / 1024),
    }
    process.stdout.write(
      `| ${[tool, showSpread(row.started, 5), showSpread(row.dropped), showSpread(row.cpuS, 1), tool === 'k6' ? '-' : showSpread(row.lag, 2), format(row.rssMb.median)].join(' | ')} |\n`,
    )
    return row
  })
}

async function interleaved(tools, rounds, run) {
  const runs = Object.fromEntries(tools.map((tool) => [tool, []]))
  for (let round = 0; round < rounds; round++) for (const tool of tools) runs[tool].push(await run(tool))
  return runs
}
