/** All charts of a run: one time axis, one cursor. */
import { useComputed, useSignal } from '@preact/signals'
import type { ThresholdState } from '#dashboard/wire.js'
import { Chart, type ChartBand, type ChartLine, type ChartMark, type ChartSeries } from '../components/chart.js'
import { type Unit, unitOfName } from '../components/format.js'
import type { RunStore } from './store.js'

const WINDOWS: readonly (readonly [label: string, seconds: number | null])[] = [
  ['All', null],
  ['15 min', 900],
  ['5 min', 300],
  ['1 min', 60],
]

export function Charts({ store }: { readonly store: RunStore }) {
  const version = store.version.value
  const window = useSignal<number | null>(null)
  const metric = useSignal('http_req_duration')
  // A stretch that was dragged stays where it is; a window moves along.
  const range = useComputed<readonly [number, number] | null>(() => {
    void store.version.value
    if (store.range.value !== null) return store.range.value
    const last = store.times.at(-1) ?? 0
    return window.value === null || last <= window.value ? null : [last - window.value, last]
  })
  const trends = [...new Set(store.seriesOf('trend ').map((name) => name.split(' ')[1] as string))]
  const shown = trends.includes(metric.value) ? metric.value : (trends[0] ?? 'http_req_duration')
  const thresholds = store.status.value?.thresholds ?? []
  const common: Common = {
    times: store.times,
    version,
    syncKey: store.id,
    bands: bandsOf(store),
    marks: marksOf(store),
    range: range.value,
    onZoom: (to) => (store.range.value = to),
  }
  const run = (name: string, label: string, colour: string, more: Partial<ChartSeries> = {}): ChartSeries => ({
    label,
    values: store.values(`run ${name}`),
    colour,
    ...more,
  })
  const isOpen = store.hello.value?.scenarios.some(({ unit }) => unit === 'iterations/s') === true
  return (
    <section aria-label="Charts">
      <div class="chart-tools">
        <div role="group" aria-label="Stretch that is shown">
          {WINDOWS.map(([label, seconds]) => (
            <button
              type="button"
              key={label}
              aria-pressed={store.range.value === null && window.value === seconds}
              onClick={() => {
                store.range.value = null
                window.value = seconds
              }}
            >
              {label}
            </button>
          ))}
          {store.range.value === null ? null : (
            <button type="button" aria-pressed="true" onClick={() => (store.range.value = null)}>
              Zoomed: show all
            </button>
          )}
        </div>
        <span class="quiet">Drag over a chart to zoom, double click to go back.</span>
      </div>
      <div class="charts">
        <div class="panel">
          <Chart
            {...common}
            title="Throughput"
            unit="per-s"
            series={[
              run('rps', 'requests', 'c1', { fill: true }),
              run('failed', 'failed', 'c3'),
              ...(isOpen
                ? [run('asked', 'iterations asked', 'c8', { dash: true }), run('started', 'iterations started', 'c4')]
                : [run('iterations', 'iterations', 'c4')]),
            ]}
          />
        </div>
        <div class="panel">
          {trends.length > 1 ? (
            <label class="chart-pick">
              <span class="hidden">Metric</span>
              <select value={shown} onChange={(event) => (metric.value = event.currentTarget.value)}>
                {trends.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          ) : null}
          <Chart
            {...common}
            title="Response time"
            unit="ms"
            lines={linesOf(thresholds, shown)}
            bands={[...common.bands, ...badOf(thresholds, shown)]}
            series={(['p50', 'p95', 'p99'] as const).map((label, i) => ({
              label,
              values: store.values(`trend ${shown} ${label}`),
              colour: ['c4', 'c2', 'c3'][i] as string,
            }))}
          />
        </div>
        <div class="panel">
          <Chart {...common} title="Errors by kind" unit="per-s" series={errorsOf(store)} />
        </div>
        <div class="panel">
          <Chart
            {...common}
            title="Virtual users"
            unit="count"
            rightUnit="per-s"
            series={[
              run('vus', 'active', 'c1', { fill: true }),
              run('vusMax', 'initialised', 'c8', { dash: true }),
              run('dropped', 'dropped iterations/s', 'c3', { right: true }),
            ]}
          />
        </div>
      </div>
      <SystemCharts store={store} common={common} />
    </section>
  )
}

interface Common {
  readonly times: readonly number[]
  readonly version: number
  readonly syncKey: string
  readonly bands: readonly ChartBand[]
  readonly marks: readonly ChartMark[]
  readonly range: readonly [number, number] | null
  readonly onZoom: (range: readonly [number, number] | null) => void
}

/** What was observed beside the load: a section for each part, a chart for each unit in it. */
function SystemCharts({ store, common }: { readonly store: RunStore; readonly common: Common }) {
  const parts = new Map<string, { readonly units: Map<Unit, string[]>; readonly zero: string[] }>()
  for (const name of store.seriesOf('observed ')) {
    const [, part = '', metric = ''] = name.split(' ')
    if (HIDDEN.test(metric)) continue
    const group = parts.get(part) ?? { units: new Map<Unit, string[]>(), zero: [] }
    parts.set(part, group)
    // A line that never left 0 says as much in a word.
    if (!store.values(name).some((value) => value !== null && value !== 0)) group.zero.push(name)
    else group.units.set(unitOfName(metric), [...(group.units.get(unitOfName(metric)) ?? []), name])
  }
  const place = (part: string): number => (part === 'injector' ? 99 : Math.max(0, PARTS.indexOf(part)))
  const inOrder = [...parts].sort(([a], [b]) => place(a) - place(b))
  return (
    <>
      {inOrder.map(([part, { units, zero }]) => (
        <details class="part" open key={part}>
          <summary>
            <h2>{titleOf(part)}</h2>
          </summary>
          <div class="charts">
            {[...units].map(([unit, names]) => (
              <div class="panel" key={unit}>
                <Chart
                  {...common}
                  title={`${titleOf(part)}: ${UNITS[unit]}`}
                  unit={unit}
                  {...(unit === 'ratio' ? { most: 1 } : {})}
                  series={busiest(store, names).map((name, i) => ({
                    label: shortName(name),
                    values: store.values(name),
                    colour: `c${(i % 8) + 1}`,
                  }))}
                />
              </div>
            ))}
          </div>
          {zero.length === 0 ? null : <p class="quiet zero">0 all the time: {zero.map(shortName).join(', ')}</p>}
        </details>
      ))}
    </>
  )
}

/** `observed host cpu_user_ratio device=sda` -> `cpu user device=sda` */
function shortName(name: string): string {
  const [metric = '', ...tags] = name.split(' ').slice(2)
  return [metric.replace(/_(?:ratio|ms|bytes|bytes_per_s|per_s|cores)$/, '').replaceAll('_', ' '), ...tags].join(' ')
}

/** What is tested first, what tests last. */
const PARTS = ['target', 'host', 'cgroup', 'node', 'python', 'go', 'postgres', 'mysql', 'mongodb', 'redis']
const MOST_LINES = 8
/** Constants, and what another chart shows. */
const HIDDEN =
  /^(?:vus_active|vus_initialized|cores|fd_limit|ports_left|connections_limit|.*_limit(?:_bytes|_cores)?|rss_bytes_\d)$/

/** Of many lines, those that are highest over the run, in an order that stays. */
function busiest(store: RunStore, names: readonly string[]): readonly string[] {
  if (names.length <= MOST_LINES) return names
  const size = (name: string): number => store.values(name).reduce<number>((sum, value) => sum + (value ?? 0), 0)
  const most = new Set(
    names
      .map((name) => ({ name, size: size(name) }))
      .sort((a, b) => b.size - a.size)
      .slice(0, MOST_LINES)
      .map(({ name }) => name),
  )
  return names.filter((name) => most.has(name))
}

const UNITS: Readonly<Record<Unit, string>> = {
  ratio: 'shares',
  ms: 'times',
  bytes: 'memory and sizes',
  'bytes-per-s': 'bytes a second',
  'per-s': 'events a second',
  cores: 'CPU in cores',
  count: 'counts',
  s: 'seconds',
}

function titleOf(part: string): string {
  const names: Readonly<Record<string, string>> = {
    injector: 'Load generator',
    host: 'Host',
    target: 'Target process',
    node: 'Node runtime',
    postgres: 'PostgreSQL',
    mysql: 'MySQL',
    mongodb: 'MongoDB',
    redis: 'Redis',
    cgroup: 'Control group',
    go: 'Go runtime',
    python: 'Python runtime',
    traces: 'Traces',
  }
  return names[part] ?? part
}

function errorsOf(store: RunStore): ChartSeries[] {
  const kinds = store.seriesOf('error ')
  if (kinds.length === 0) return [{ label: 'failed requests', values: store.values('run failed'), colour: 'c3' }]
  return kinds.map((name, i) => ({
    label: name.slice('error '.length),
    values: store.values(name),
    colour: ['c3', 'c2', 'c5', 'c6', 'c7', 'c8', 'c1', 'c4'][i % 8] as string,
  }))
}

function bandsOf(store: RunStore): ChartBand[] {
  const stages = store.hello.value?.scenarios.length === 1 ? (store.hello.value.scenarios[0]?.stages ?? []) : []
  return stages.flatMap(({ fromS, toS }, i) => (i % 2 === 0 ? [{ from: fromS, to: toS, kind: 'stage' as const }] : []))
}

const MARKED = new Set(['annotation', 'threshold-crossed', 'profile'])

function marksOf(store: RunStore): ChartMark[] {
  return store.log.value
    .filter(({ type }) => MARKED.has(type))
    .slice(-20)
    .map(({ t, type, text }) => ({ t, label: type === 'threshold-crossed' ? '✗' : text }))
}

/** Limits of the percentiles that the chart shows, over all requests. */
function linesOf(thresholds: readonly ThresholdState[], metric: string): ChartLine[] {
  return thresholds
    .filter((one) => one.metric === metric && /^(?:p\(|med|avg)/.test(one.aggregation) && Number.isFinite(one.limit))
    .map((one) => ({ value: one.limit, label: one.source }))
}

function badOf(thresholds: readonly ThresholdState[], metric: string): ChartBand[] {
  return thresholds
    .filter((one) => one.metric === metric)
    .flatMap(({ bad }) => bad.map(([from, to]) => ({ from, to: to ?? Number.MAX_VALUE, kind: 'bad' as const })))
}
