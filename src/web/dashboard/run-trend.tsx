/** One number over the runs that are listed, oldest first. */
import { useSignal } from '@preact/signals'
import type { RecordRow } from '#dashboard/wire.js'
import { formatNumber, type Unit } from '../components/format.js'

const METRICS = [
  ['p95', 'response time p95', 'ms'],
  ['p50', 'response time p50', 'ms'],
  ['p99', 'response time p99', 'ms'],
  ['perS', 'requests a second', 'per-s'],
  ['failedRatio', 'failed requests', 'ratio'],
] as const satisfies readonly (readonly [keyof RecordRow, string, Unit])[]
const MOST = 100

export function RunTrend({ rows }: { readonly rows: readonly RecordRow[] }) {
  const metric = useSignal<(typeof METRICS)[number][0]>('p95')
  const [, title, unit] = METRICS.find(([key]) => key === metric.value) ?? METRICS[0]
  const points = rows
    .flatMap((row) => {
      const value = row[metric.value]
      return value === null ? [] : [{ row, value }]
    })
    .sort((a, b) => a.row.startedUnixMs - b.row.startedUnixMs)
    .slice(-MOST)
  if (points.length < 2) return null
  const most = Math.max(...points.map(({ value }) => value), 1e-9)
  const x = (i: number): number => (i / (points.length - 1)) * 980 + 10
  const y = (value: number): number => 112 - (value / most) * 100
  const names = new Set(points.map(({ row }) => row.name))
  return (
    <section class="panel trend" aria-label="Trend over runs">
      <div class="chart-head">
        <h2>
          <label>
            Trend of{' '}
            <select
              value={metric.value}
              onChange={(event) => (metric.value = event.currentTarget.value as typeof metric.value)}
            >
              {METRICS.map(([key, name]) => (
                <option value={key} key={key}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </h2>
        <span class="quiet">
          {points.length} runs, 0 to {formatNumber(most, unit)}
          {names.size > 1 ? '; of several names, choose one above' : ''}
        </span>
      </div>
      <svg
        viewBox="0 0 1000 120"
        class="trend-plot"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title} over ${points.length} runs`}
      >
        <polyline points={points.map(({ value }, i) => `${x(i)},${y(value)}`).join(' ')} />
      </svg>
      <div class="trend-dots">
        {points.map(({ row, value }, i) => (
          <a
            key={row.id}
            href={`/record?id=${encodeURIComponent(row.id)}`}
            class={row.exitCode === 0 ? '' : 'is-bad'}
            style={{ left: `${x(i) / 10}%`, top: `${(y(value) / 120) * 100}%` }}
            aria-label={`${row.name}, ${new Date(row.startedUnixMs).toISOString().slice(0, 16)}: ${formatNumber(value, unit)}`}
            title={`${row.id}: ${formatNumber(value, unit)}`}
          />
        ))}
      </div>
    </section>
  )
}
