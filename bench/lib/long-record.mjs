// A record as the real writer makes it, of a run that would take long: every second of every endpoint, with sketches.
import { Merger, openRecord } from '../../dist/record/index.js'
import { Sketch } from '../../dist/stats/index.js'

/** A small generator with a seed, so that two builds are equal. */
function randomOf(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** @param options  of the writer */
export async function buildLongRecord(dir, { seconds, endpoints, options = {} }) {
  const random = randomOf(7)
  const startedUnixMs = Date.UTC(2026, 0, 1)
  const scenario = {
    executor: 'constant-arrival-rate',
    rate: endpoints * 5,
    duration: `${seconds}s`,
    preAllocatedVUs: 50,
  }
  const thresholds = {
    http_req_duration: ['p(95)<500', 'p(99)<1000'],
    http_req_failed: ['rate<0.01'],
    'http_req_duration{name:GET /service-3/resource-3}': ['p(95)<50'],
  }
  const writer = await openRecord(
    { dir },
    {
      id: 'long',
      name: 'long',
      testType: null,
      tool: { name: 'perfwright', version: '0' },
      engine: { name: 'native', version: '0' },
      script: { path: 'long.js', sha256: '0', sources: [] },
      options: { scenarios: { default: scenario }, thresholds },
      commandLine: ['run', 'long.js'],
      environment: { hosts: [], git: null, scalingFactor: null },
      writer: { host: 'bench', pid: process.pid },
      startedUnixMs,
    },
    options,
  )
  const names = [
    'http_reqs',
    'http_req_failed',
    'http_req_duration',
    'http_req_waiting',
    'http_req_receiving',
    'http_req_response_time',
    'http_req_blocked',
    'http_req_connecting',
    'http_req_sending',
    'http_req_tls_handshaking',
  ]
  const types = ['counter', 'rate', ...names.slice(2).map(() => 'trend')]
  const metrics = names.map((name, id) => ({
    id,
    name,
    type: types[id],
    contains: types[id] === 'trend' ? 'time' : 'default',
    own: id === 5,
  }))
  const tagSets = Array.from({ length: endpoints }, (_, id) => ({
    id,
    entries: [
      ['method', 'GET'],
      ['name', `GET /service-${id % 20}/resource-${id}`],
      ['scenario', 'default'],
      ['status', '200'],
    ],
  }))
  const trends = metrics.slice(2).map(({ id }) => id)
  const totals = new Merger({})
  for (let second = 0; second < seconds; second++) {
    const rows = []
    for (let tags = 0; tags < endpoints; tags++) {
      const count = 5
      rows.push({ metric: 0, tags, count, sum: count, min: 1, max: 1 })
      rows.push({ metric: 1, tags, count, sum: random() < 0.001 ? 1 : 0, min: 0, max: 1 })
      const sketch = new Sketch()
      for (let i = 0; i < count; i++) sketch.add((5 + (tags % 50)) * Math.exp(random() + random() - 1))
      const row = sketch.toRow()
      for (const metric of trends) rows.push({ metric, tags, ...row })
    }
    const first = second === 0
    const span = { fromNs: second * 1e9, toNs: (second + 1) * 1e9, unixMs: startedUnixMs + (second + 1) * 1000 }
    const batch = { metrics: first ? metrics : [], tagSets: first ? tagSets : [], rows }
    totals.add({ batch })
    writer.window(batch, span)
    writer.observe('target', { cpu_cores: random(), rss_bytes: 1e8 + second * 1000, threads: 11 }, span)
    writer.observe('node', { event_loop_lag_p99_ms: random() * 10, heap_used_bytes: 5e7 * (1 + random()) }, span)
    if (second % 20 === 19) await writer.flush()
  }
  await writer.finish({
    endedUnixMs: startedUnixMs + seconds * 1000,
    durationNs: seconds * 1e9,
    scenarios: [],
    thresholds: Object.entries(thresholds).map(([name, sources]) => ({
      name,
      results: sources.map((source) => ({ source, ok: true, value: undefined })),
    })),
    aggregate: {
      observed: () => totals.totals().map(({ metric, sink }) => ({ name: metric.name, metric, sink })),
      checks: { root: { name: '', path: '', checks: new Map(), groups: new Map() } },
    },
    trendStats: [],
    trust: undefined,
    exit: { code: 0, reason: undefined },
  })
}
