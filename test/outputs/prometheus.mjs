import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare, freePort, until } from './target.mjs'

const STATS = {
  K6_PROMETHEUS_RW_TREND_STATS: 'avg,min,med,max,p(95),p(99.9),count,sum',
  K6_PROMETHEUS_RW_PUSH_INTERVAL: '1s',
}

async function server({ dir, programs, start }, scrape = '') {
  const port = await freePort()
  writeFileSync(join(dir, 'p.yml'), `global: {scrape_interval: 1s}\n${scrape}`)
  start(programs.prometheus, [
    '--config.file=p.yml',
    '--storage.tsdb.path=data',
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    '--enable-feature=native-histograms',
  ])
  const url = `http://127.0.0.1:${port}`
  await until('prometheus', async () => (await fetch(`${url}/-/ready`)).ok)
  const query = async (text) => {
    const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(text)}`)
    const { status, error, data } = await answer.json()
    if (status !== 'success') throw new Error(`${text}: ${error}`)
    return data.result
  }
  return { url, query, env: { ...STATS, K6_PROMETHEUS_RW_SERVER_URL: `${url}/api/v1/write` } }
}

/** Series of one run as text -> value; without what names the run, and without ours. */
async function seriesOf(query, testid) {
  const all = await query(`{testid="${testid}",__name__=~"k6_.*"}`)
  return new Map(
    all.map(({ metric, value, histogram }) => [
      JSON.stringify(
        Object.entries(metric)
          .filter(([label]) => label !== 'testid')
          .sort(),
      ),
      // A sum of floats depends on their order.
      value?.[1] ?? JSON.stringify(histogram[1], (key, v) => (key === 'sum' ? Number(v).toPrecision(12) : v)),
    ]),
  )
}

async function both(run, db, env) {
  const outs = ['experimental-prometheus-rw']
  await run.load('perfwright', { outs, env })
  const ours = await seriesOf(db.query, 'perfwright')
  if (run.k6 === undefined) return `${ours.size} series; not compared, there is no k6`
  await run.load('k6', { outs, env })
  return `${compare(await seriesOf(db.query, 'k6'), ours)} series as k6 has them`
}

export async function prometheus(run) {
  const db = await server(run)
  return both(run, db, db.env)
}

export async function prometheusHistograms(run) {
  const db = await server(run)
  // k6 2 tags the run with the name of the feature; see docs/compatibility.md.
  const withoutFeature = async (testid) =>
    new Map(
      [...(await seriesOf(db.query, testid))].map(([key, value]) => [
        key
          .replace('["k6_feature_native_histograms","true"],', '')
          .replace(',["k6_feature_native_histograms","true"]', ''),
        value,
      ]),
    )
  const env = { ...db.env, K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM: 'true' }
  const outs = ['experimental-prometheus-rw']
  await run.load('perfwright', { outs, env })
  const ours = await withoutFeature('perfwright')
  const [median] = await db.query('histogram_quantile(0.5, k6_my_time_seconds{testid="perfwright"})')
  if (Math.abs(Number(median.value[1]) - 0.012) > 0.001) throw new Error(`the median of 12 ms is ${median.value[1]}`)
  if (run.k6 === undefined) return `${ours.size} series; not compared, there is no k6`
  await run.load('k6', { outs, env })
  return `${compare(await withoutFeature('k6'), ours)} series as k6 has them`
}

export async function prometheusStale(run) {
  const db = await server(run)
  const env = { ...db.env, K6_PROMETHEUS_RW_STALE_MARKERS: 'true' }
  await run.load('perfwright', { outs: ['experimental-prometheus-rw'], env })
  const now = await db.query('{testid="perfwright"}')
  const before = await db.query('count(last_over_time({testid="perfwright"}[5m]))')
  if (now.length > 0) throw new Error(`${now.length} series are not stale`)
  return `${before[0].value[1]} series ended`
}

export async function prometheusScrape(run) {
  const port = await freePort()
  const db = await server(run, `scrape_configs: [{job_name: pw, static_configs: [{targets: ['127.0.0.1:${port}']}]}]\n`)
  await run.load('perfwright', { outs: [`prometheus-scrape=127.0.0.1:${port},linger=30s`] })
  const [iterations] = await until('the last scrape', async () => {
    const found = await db.query('last_over_time(k6_iterations_total{testid="perfwright"}[5m])')
    return found.length > 0 && found
  })
  if (iterations.value[1] !== '20') throw new Error(`${iterations.value[1]} iterations were scraped, not 20`)
  const [{ value }] = await db.query('count(last_over_time({testid="perfwright"}[5m]))')
  return `${value[1]} series, the last values among them`
}

/** Every query of the dashboard answers something after a real run. */
export async function prometheusDashboard(run) {
  const db = await server(run)
  const env = { ...db.env, K6_PROMETHEUS_RW_TREND_STATS: 'avg,med,min,max,p(95),p(99)' }
  await run.load('perfwright', { outs: ['experimental-prometheus-rw'], env, script: 'open.js' })
  const board = JSON.parse(readFileSync(new URL('../../dashboards/prometheus.json', import.meta.url), 'utf8'))
  const queries = board.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
  const empty = []
  for (const stat of ['p95', 'p99', 'avg', 'med', 'min', 'max']) {
    for (const { title, expr } of queries) {
      const text = expr.replaceAll('$testid', '.*').replaceAll('$__rate_interval', '15s').replaceAll('$stat', stat)
      const answer = await db.query(text)
      if (!answer.some(({ value }) => Number.isFinite(Number(value[1])))) empty.push(`${title}: ${text}`)
    }
  }
  if (empty.length > 0) throw new Error(`no data:\n${empty.join('\n')}`)
  const labels = await (await fetch(`${db.url}/api/v1/label/testid/values`)).json()
  if (labels.data.join() !== 'perfwright') throw new Error(`the variable has ${labels.data}`)
  return `${queries.length} queries answer`
}
