/** Two records side by side. It shows numbers and calls nothing a regression: one run against one run cannot decide it. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ComparedEndpoint, Comparison, EndpointNumbers, RecordRow } from '#dashboard/wire.js'
import { Chart } from '../components/chart.js'
import { type Column, DataTable } from '../components/data-table.js'
import { formatNumber, type Unit } from '../components/format.js'
import { ask } from './api.js'
import { VerdictPill } from './records-view.js'

export function CompareView({ a, b }: { readonly a: string; readonly b: string }) {
  const found = useSignal<Comparison | null>(null)
  const problem = useSignal('')
  const search = useSignal('')
  useEffect(() => {
    document.title = 'Comparison - perfwright'
    ask<Comparison>(`/api/compare?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`).then(
      (answer) => (found.value = answer),
      (error: Error) => (problem.value = error.message),
    )
  }, [a, b])
  if (problem.value !== '') return <p class="panel bad">{problem.value}</p>
  const data = found.value
  if (data === null) return <p class="panel quiet">Reading both records…</p>
  const wanted = search.value.toLowerCase()
  const endpoints = data.endpoints.filter(({ name }) => name.toLowerCase().includes(wanted))
  return (
    <>
      <h1 class="page-title">Two runs side by side</h1>
      <p class="banner warn">
        These are the numbers of one run beside those of another. That they differ does not say that one version is
        slower: with the same program on both sides, the p95 of two runs moved by more than 10 % in most pairs that were
        tried. Decide it with several runs of each in alternation.
      </p>
      <div class="columns">
        <Side label="A" row={data.a} />
        <Side label="B" row={data.b} />
      </div>
      {data.differences.length === 0 ? null : (
        <section class="panel">
          <h2>What differs besides the program under test</h2>
          <ul>
            {data.differences.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </section>
      )}
      <section class="panel">
        <h2>Numbers</h2>
        <div class="scroll" tabIndex={0} role="region" aria-label="Numbers">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">metric</th>
                <th scope="col" class="num">
                  A
                </th>
                <th scope="col" class="num">
                  B
                </th>
                <th scope="col" class="num">
                  B against A
                </th>
              </tr>
            </thead>
            <tbody>
              {data.metrics.map((row) => (
                <tr key={row.name}>
                  <td>{row.name}</td>
                  <td class="num">{formatNumber(row.a, unitOf(row.unit))}</td>
                  <td class="num">{formatNumber(row.b, unitOf(row.unit))}</td>
                  <td class="num">{change(row.a, row.b)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <div class="charts">
        <div class="panel">
          <Curves title="Response time p95" unit="ms" of="p95" data={data} />
        </div>
        <div class="panel">
          <Curves title="Requests a second" unit="per-s" of="perS" data={data} />
        </div>
      </div>
      <section class="panel">
        <div class="control-row">
          <h2>Endpoints</h2>
          <label>
            <span class="hidden">Search endpoints</span>
            <input
              type="search"
              placeholder="Search endpoints"
              value={search.value}
              onInput={(event) => (search.value = event.currentTarget.value)}
            />
          </label>
        </div>
        <DataTable<ComparedEndpoint>
          label="Endpoints"
          columns={COLUMNS}
          rows={endpoints}
          keyOf={({ name }) => name}
          sort={{ key: 'count', down: true }}
        />
      </section>
    </>
  )
}

function Side({ label, row }: { readonly label: string; readonly row: RecordRow }) {
  return (
    <section class="panel" aria-label={`Run ${label}`}>
      <h2>
        {label}: <a href={`/record?id=${encodeURIComponent(row.id)}`}>{row.name}</a> <VerdictPill row={row} />
      </h2>
      <p class="quiet">
        <code>{row.id}</code>
      </p>
      <p class="quiet">
        {row.commit === null ? 'no commit known' : `commit ${row.commit.slice(0, 10)} ${row.branch ?? ''}`}
      </p>
    </section>
  )
}

interface CurvesProps {
  readonly title: string
  readonly unit: Unit
  readonly of: 'p95' | 'perS'
  readonly data: Comparison
}

/** Both on one axis: the time since each one's own start. */
function Curves({ title, unit, of, data }: CurvesProps) {
  const { a, b } = data.curves
  const times = [...new Set([...a.times, ...b.times])].sort((x, y) => x - y)
  const on = (curve: typeof a): (number | null)[] => {
    const at = new Map(curve.times.map((t, i) => [t, curve[of][i] ?? null]))
    return times.map((t) => at.get(t) ?? null)
  }
  return (
    <Chart
      title={title}
      unit={unit}
      times={times}
      version={1}
      syncKey="compare"
      series={[
        { label: 'A', values: on(a), colour: 'c1' },
        { label: 'B', values: on(b), colour: 'c2' },
      ]}
    />
  )
}

function change(a: number | null, b: number | null): string {
  if (a === null || b === null || a === 0) return '-'
  const by = b / a - 1
  return `${by >= 0 ? '+' : '−'}${Math.abs(by * 100).toFixed(1)} %`
}

function unitOf(unit: string): Unit {
  const units: Readonly<Record<string, Unit>> = {
    ms: 'ms',
    ratio: 'ratio',
    '/s': 'per-s',
    bytes: 'bytes',
    'bytes/s': 'bytes-per-s',
  }
  return units[unit] ?? 'count'
}

const pair = (key: keyof EndpointNumbers, title: string, unit: Unit): Column<ComparedEndpoint>[] =>
  (['a', 'b'] as const).map((side) => ({
    key: side === 'a' ? key : `${key} ${side}`,
    title: `${title} ${side.toUpperCase()}`,
    width: '88px',
    isNumber: true,
    sortBy: (row) => row[side]?.[key] ?? null,
    cell: (row) => formatNumber(row[side]?.[key], unit),
  }))

const COLUMNS: Column<ComparedEndpoint>[] = [
  {
    key: 'name',
    title: 'endpoint',
    width: 'minmax(190px, 1fr)',
    sortBy: ({ name }) => name,
    tooltip: ({ name }) => name,
    cell: ({ name }) => <code>{name}</code>,
  },
  ...pair('count', 'requests', 'count'),
  ...pair('failedRatio', 'failed', 'ratio'),
  ...pair('p50', 'p50', 'ms'),
  ...pair('p95', 'p95', 'ms'),
  {
    key: 'change',
    title: 'p95 B/A',
    width: '84px',
    isNumber: true,
    sortBy: ({ a, b }) => (a?.p95 == null || b?.p95 == null ? null : b.p95 / a.p95),
    cell: ({ a, b }) => change(a?.p95 ?? null, b?.p95 ?? null),
  },
]
