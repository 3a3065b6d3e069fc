/** A run while it goes on. */
import { useEffect, useMemo } from 'preact/hooks'
import type { ServerInfo } from '#dashboard/wire.js'
import { formatClock, formatNumber } from '../components/format.js'
import { Charts } from './charts.js'
import { ControlBar } from './control-bar.js'
import { Details } from './details.js'
import { PlanView } from './plan-view.js'
import { RunStore } from './store.js'
import { Thresholds } from './thresholds.js'

export function LiveView({ id, info }: { readonly id: string; readonly info: ServerInfo }) {
  const store = useMemo(() => new RunStore(id), [id])
  useEffect(() => {
    store.connect()
    return () => store.close()
  }, [store])
  const hello = store.hello.value
  useEffect(() => {
    if (hello !== null) document.title = `${hello.name} - perfwright`
  }, [hello])
  if (hello === null) {
    const text = store.connection.value === 'lost' ? 'The run cannot be reached.' : 'Connecting to the run…'
    return <p class="panel lone">{text}</p>
  }
  return (
    <div class="live">
      <Head store={store} />
      <Banners store={store} hasRecords={info.records} />
      <Tiles store={store} />
      <div class="columns">
        <PlanView store={store} />
        <Thresholds store={store} />
      </div>
      <Charts store={store} />
      <Details store={store} info={info} />
    </div>
  )
}

function Head({ store }: { readonly store: RunStore }) {
  const hello = store.hello.value
  const status = store.status.value
  const done = status === null || hello === null || hello.totalS === 0 ? 0 : Math.min(1, status.elapsedS / hello.totalS)
  return (
    <div class="head">
      <div class="head-name">
        <h1>{hello?.name}</h1>
        <p class="quiet">
          <code>{hello?.script}</code>
          {hello?.source === 'files' ? ' · followed by its files' : ''}
        </p>
      </div>
      <div class="head-time">
        <p>
          <PhasePill store={store} /> <b>{formatClock(status?.elapsedS ?? 0)}</b>
          <span class="quiet"> of {formatClock(hello?.totalS ?? 0)}</span>
        </p>
        <progress max={1} value={status?.end == null ? done : 1} aria-label="Progress of the run" />
      </div>
      <ControlBar store={store} />
    </div>
  )
}

function PhasePill({ store }: { readonly store: RunStore }) {
  const status = store.status.value
  if (status?.end != null) {
    const { exitCode } = status.end
    return (
      <span class={`pill ${exitCode === 0 ? 'good' : 'bad'}`}>
        {exitCode === 0 ? 'passed' : `ended${exitCode === null ? '' : `, exit ${exitCode}`}`}
      </span>
    )
  }
  if (status?.paused === true) return <span class="pill warn">paused</span>
  return <span class={`pill ${status?.phase === 'running' ? 'good' : ''}`}>{status?.phase ?? '…'}</span>
}

function Banners({ store, hasRecords }: { readonly store: RunStore; readonly hasRecords: boolean }) {
  const status = store.status.value
  const connection = store.connection.value
  return (
    <div aria-live="polite">
      {status?.starved != null ? <p class="banner warn">⚠ {status.starved}</p> : null}
      {connection === 'lost' ? (
        <p class="banner warn">The connection to the run is lost; trying again. What was seen stays.</p>
      ) : null}
      {status?.end != null ? (
        <p class={`banner ${status.end.exitCode === 0 ? 'good' : 'bad'}`}>
          The run is over{status.end.reason === null ? '' : `: ${status.end.reason}`}.
          {status.end.trust !== null && status.end.trust !== 'trustworthy'
            ? ` Its numbers are ${status.end.trust}.`
            : ''}{' '}
          {store.hello.value?.stays === true && hasRecords ? (
            <a href={`/record?id=${encodeURIComponent(store.hello.value.record)}`}>Open its report.</a>
          ) : (
            'This page keeps what it has.'
          )}
        </p>
      ) : null}
    </div>
  )
}

function Tiles({ store }: { readonly store: RunStore }) {
  void store.version.value
  const status = store.status.value
  const p95 = latest(store, 'trend http_req_duration p95')
  const failed = status === null || status.requests === 0 ? null : status.failed / status.requests
  const rate = (name: string): string => formatNumber(latest(store, name), 'per-s')
  const generator = status?.generator ?? null
  const tiles: readonly (readonly [string, string, string, string])[] = [
    ['Requests', rate('run rps'), `${formatNumber(status?.requests, 'count')} in all`, ''],
    [
      'Response p95',
      formatNumber(p95, 'ms'),
      `p99 ${formatNumber(latest(store, 'trend http_req_duration p99'), 'ms')}`,
      '',
    ],
    [
      'Failed',
      formatNumber(failed, 'ratio'),
      `${formatNumber(status?.failed, 'count')} requests`,
      (failed ?? 0) > 0.01 ? 'bad' : '',
    ],
    ['VUs', formatNumber(status?.vus, 'count'), `of ${formatNumber(status?.vusMax, 'count')}`, ''],
    ['Iterations', rate('run iterations'), `${formatNumber(status?.iterations, 'count')} in all`, ''],
    [
      'Dropped',
      formatNumber(status?.dropped, 'count'),
      'iterations without a VU',
      (status?.dropped ?? 0) > 0 ? 'warn' : '',
    ],
    [
      'Generator',
      generator === null ? '-' : `${formatNumber(generator.cpuRatio, 'ratio')} CPU`,
      generator === null ? '' : `loop lag ${formatNumber(generator.lagMs, 'ms')}`,
      status?.starved == null ? '' : 'warn',
    ],
  ]
  return (
    <dl class="tiles">
      {tiles.map(([name, value, more, kind]) => (
        <div class="panel tile" key={name}>
          <dt class="quiet">{name}</dt>
          <dd class={`tile-value ${kind}`}>{value}</dd>
          <dd class="quiet tile-more">{more}</dd>
        </div>
      ))}
    </dl>
  )
}

/** The last second that had a value: the one under way may have none yet. */
function latest(store: RunStore, name: string): number | null {
  const values = store.values(name)
  for (let i = values.length - 1; i >= Math.max(0, values.length - 5); i--) {
    const value = values[i]
    if (value !== null && value !== undefined) return value
  }
  return null
}
