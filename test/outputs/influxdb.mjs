import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare, freePort, TIMED, until } from './target.mjs'

async function server({ dir, programs, start }) {
  const [port, rpc] = [await freePort(), await freePort()]
  writeFileSync(
    join(dir, 'influx.conf'),
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
dir = "${dir}/meta"
[data]
dir = "${dir}/data"
wal-dir = "${dir}/wal"
[http]
bind-address = "127.0.0.1:${port}"
log-enabled = false
`,
  )
  start(programs.influxd, ['-config', 'influx.conf'])
  const url = `http://127.0.0.1:${port}`
  await until('influxd', async () => (await fetch(`${url}/ping`)).status === 204)
  const query = async (db, q) => {
    const answer = await (await fetch(`${url}/query?db=${db}&q=${encodeURIComponent(q)}`)).json()
    const [result] = answer.results
    if (result.error !== undefined) throw new Error(`${q}: ${result.error}`)
    return result.series ?? []
  }
  return { url, query }
}

/** What a database holds: tags and fields with their types, and per series the count and sum of its values. */
async function contents(query, db) {
  const all = new Map()
  for (const kind of ['TAG', 'FIELD'])
    for (const { name, values } of await query(db, `SHOW ${kind} KEYS`))
      all.set(`${kind} ${name}`, JSON.stringify(values.sort()))
  for (const [name] of (await query(db, 'SHOW MEASUREMENTS'))[0].values) {
    // How often VUs were counted depends on the clock.
    if (name.startsWith('vus')) continue
    for (const { tags, values } of await query(db, `SELECT count(value), sum(value) FROM "${name}" GROUP BY *`)) {
      const { testid: _, ...rest } = tags
      const [, count, sum] = values[0]
      all.set(
        `${name} ${JSON.stringify(Object.entries(rest).sort())}`,
        JSON.stringify(TIMED.test(name) ? [count] : [count, sum]),
      )
    }
  }
  return all
}

export async function influxdb(run) {
  const { url, query } = await server(run)
  await run.load('perfwright', { outs: [`influxdb=${url}/ours`] })
  const ours = await contents(query, 'ours')
  if (run.k6 === undefined) return `${ours.size} facts; not compared, there is no k6`
  await run.load('k6', { outs: [`influxdb=${url}/theirs`] })
  return `${compare(await contents(query, 'theirs'), ours)} tags, fields and series as k6 has them`
}

export async function influxdbDashboard(run) {
  const { url, query } = await server(run)
  await run.load('perfwright', { outs: [`influxdb=${url}/k6`], script: 'open.js' })
  const board = JSON.parse(readFileSync(new URL('../../dashboards/influxdb.json', import.meta.url), 'utf8'))
  const queries = board.panels.flatMap(({ title, targets = [] }) => targets.map((one) => ({ title, text: one.query })))
  const empty = []
  for (const { title, text } of queries) {
    const filled = text.replaceAll('$timeFilter', 'time > now() - 1h').replaceAll('$__interval', '1s')
    if ((await query('k6', filled)).length === 0) empty.push(`${title}: ${filled}`)
  }
  if (empty.length > 0) throw new Error(`no data:\n${empty.join('\n')}`)
  return `${queries.length} queries answer`
}

/** VictoriaMetrics takes InfluxDB 2's writes. */
export async function influxdbV2({ dir, programs, start, load }) {
  const port = await freePort()
  start(programs['victoria-metrics'], [`-httpListenAddr=127.0.0.1:${port}`, `-storageDataPath=${dir}/data`])
  const url = `http://127.0.0.1:${port}`
  await until('victoria-metrics', async () => (await fetch(`${url}/health`)).ok)
  const env = {
    K6_INFLUXDB_ADDR: url,
    K6_INFLUXDB_ORGANIZATION: 'o',
    K6_INFLUXDB_BUCKET: 'b',
    K6_INFLUXDB_TOKEN: 't',
  }
  await load('perfwright', { outs: ['xk6-influxdb'], env })
  const counted = await until('20 iterations', async () => {
    const text = encodeURIComponent('sum(sum_over_time(iterations_value{testid="perfwright"}[10m]))')
    const { data } = await (await fetch(`${url}/api/v1/query?query=${text}&nocache=1`)).json()
    return data.result[0]?.value[1] === '20' && data.result[0].value[1]
  })
  return `${counted} iterations`
}
