/** The table of endpoints: any number of them, searched, sorted, each with its course; one opened shows its own charts. */
import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { Distribution, EndpointHistory, EndpointRow } from '#dashboard/wire.js'
import { Chart } from '../components/chart.js'
import { type Column, DataTable } from '../components/data-table.js'
import { formatNumber } from '../components/format.js'
import { Sparkline } from '../components/sparkline.js'
import { ask } from './api.js'
import { DistributionBars } from './distribution.js'
import type { RunStore } from './store.js'

const SPARK_MS = 5000

export function Endpoints({ store }: { readonly store: RunStore }) {
  const search = useSignal('')
  const open = useSignal<number | null>(null)
  const sparks = useSignal<Readonly<Record<string, readonly (number | null)[]>>>({})
  const visible = useSignal<readonly number[]>([])
  const rows = useComputed(() => {
    void store.tableVersion.value
    const wanted = search.value.trim().toLowerCase()
    const all = [...store.rows.values()]
    return wanted === '' ? all : all.filter(([index]) => store.names.get(index)?.toLowerCase().includes(wanted))
  })
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isGone = false
    const load = async (): Promise<void> => {
      if (visible.value.length > 0 && !document.hidden) {
        const found = await ask<typeof sparks.value>(`${store.base}/sparks?index=${visible.value.join(',')}`).catch(
          () => undefined,
        )
        if (found !== undefined) sparks.value = found
      }
      if (!isGone && store.connection.value !== 'over') timer = setTimeout(() => void load(), SPARK_MS)
    }
    timer = setTimeout(() => void load(), 300)
    return () => {
      isGone = true
      clearTimeout(timer)
    }
  }, [store])
  const missing = visible.value.some((index) => sparks.value[index] === undefined)
  useEffect(() => {
    if (!missing) return undefined
    const timer = setTimeout(() => {
      ask<typeof sparks.value>(`${store.base}/sparks?index=${visible.value.join(',')}`).then(
        (found) => (sparks.value = { ...sparks.value, ...found }),
        () => {},
      )
    }, 200)
    return () => clearTimeout(timer)
  }, [missing, visible.value])
  const columns = useMemo(() => columnsOf(store, open, sparks), [store])
  return (
    <>
      <div class="control-row">
        <label>
          <span class="hidden">Search endpoints</span>
          <input
            type="search"
            placeholder="Search endpoints"
            value={search.value}
            onInput={(event) => (search.value = event.currentTarget.value)}
          />
        </label>
        <span class="quiet" role="status">
          {rows.value.length} of {store.rows.size}
        </span>
      </div>
      <DataTable<EndpointRow>
        label="Endpoints"
        columns={columns}
        rows={rows.value}
        keyOf={([index]) => index}
        sort={{ key: 'count', down: true }}
        isOpen={([index]) => index === open.value}
        onVisible={(shown) => (visible.value = shown.map(([index]) => index))}
        empty={search.value === '' ? 'No request yet.' : 'No endpoint has that in its name.'}
      />
      {open.value === null ? null : (
        <EndpointDetail key={open.value} store={store} index={open.value} close={() => (open.value = null)} />
      )}
    </>
  )
}

function columnsOf(
  store: RunStore,
  open: { value: number | null },
  sparks: { readonly value: Readonly<Record<string, readonly (number | null)[]>> },
): Column<EndpointRow>[] {
  const name = (row: EndpointRow): string => store.names.get(row[0]) ?? ''
  const ms = (key: string, title: string, at: 4 | 5 | 6 | 7 | 8): Column<EndpointRow> => ({
    key,
    title,
    width: '76px',
    isNumber: true,
    sortBy: (row) => row[at],
    cell: (row) => formatNumber(row[at], 'ms'),
  })
  return [
    {
      key: 'name',
      title: 'endpoint',
      width: 'minmax(190px, 1fr)',
      sortBy: name,
      tooltip: name,
      cell: (row) => (
        <button
          type="button"
          class="link mono"
          aria-expanded={open.value === row[0]}
          onClick={() => (open.value = open.value === row[0] ? null : row[0])}
        >
          {name(row)}
        </button>
      ),
    },
    {
      key: 'spark',
      title: 'p95, 10 min',
      width: '110px',
      cell: (row) => <Sparkline values={sparks.value[row[0]]} label="p95 over the last ten minutes" />,
    },
    {
      key: 'count',
      title: 'requests',
      width: '84px',
      isNumber: true,
      sortBy: (row) => row[1],
      cell: (row) => formatNumber(row[1], 'count'),
    },
    {
      key: 'perS',
      title: 'now',
      width: '70px',
      isNumber: true,
      sortBy: (row) => row[3],
      cell: (row) => formatNumber(row[3], 'per-s'),
    },
    {
      key: 'failed',
      title: 'failed',
      width: '70px',
      isNumber: true,
      sortBy: (row) => (row[1] === 0 ? null : row[2] / row[1]),
      cell: (row) => (
        <span class={row[2] > 0 ? 'bad' : ''}>{row[1] === 0 ? '-' : formatNumber(row[2] / row[1], 'ratio')}</span>
      ),
    },
    ms('avg', 'avg', 4),
    ms('p50', 'p50', 5),
    ms('p95', 'p95', 6),
    ms('p99', 'p99', 7),
    ms('max', 'max', 8),
  ]
}

function EndpointDetail({
  store,
  index,
  close,
}: {
  readonly store: RunStore
  readonly index: number
  readonly close: () => void
}) {
  const history = useSignal<EndpointHistory | null>(null)
  const distribution = useSignal<Distribution | null>(null)
  const version = useSignal(0)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isGone = false
    const load = async (): Promise<void> => {
      if (!document.hidden) {
        history.value = await ask<EndpointHistory>(`${store.base}/endpoint?index=${index}`).catch(() => history.value)
        distribution.value = await ask<Distribution>(`${store.base}/distribution?endpoint=${index}`).catch(
          () => distribution.value,
        )
        version.value++
      }
      if (!isGone && store.connection.value !== 'over') timer = setTimeout(() => void load(), 5000)
    }
    void load()
    return () => {
      isGone = true
      clearTimeout(timer)
    }
  }, [index])
  const data = history.value
  if (data === null) return <p class="quiet">Loading…</p>
  const common = {
    times: data.times,
    version: version.value,
    syncKey: store.id,
    range: store.range.value,
    onZoom: (range: readonly [number, number] | null) => (store.range.value = range),
  }
  return (
    <section class="endpoint" aria-label={`Endpoint ${data.name}`}>
      <div class="control-row">
        <h3 class="mono">{data.name}</h3>
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
      <div class="charts">
        <Chart
          {...common}
          title="Response time"
          unit="ms"
          series={[
            { label: 'p50', values: data.p50, colour: 'c4' },
            { label: 'p95', values: data.p95, colour: 'c2' },
            { label: 'p99', values: data.p99, colour: 'c3' },
          ]}
        />
        <Chart
          {...common}
          title="Throughput"
          unit="per-s"
          series={[
            { label: 'requests', values: data.perS, colour: 'c1', fill: true },
            { label: 'failed', values: data.failedPerS, colour: 'c3' },
          ]}
        />
        {distribution.value === null ? null : <DistributionBars distribution={distribution.value} />}
      </div>
    </section>
  )
}
