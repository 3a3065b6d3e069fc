/** Latency against throughput: one point for each stretch of time. */
import type { PageData } from '#report/html/page-data.js'
import { formatClock, formatNumber } from '../components/format.js'

const plot = { width: 520, height: 250, left: 64, bottom: 34, top: 8, right: 12 }

export function ScatterPlot({ data }: { readonly data: PageData }) {
  const { words, load, times } = data
  const points = times.flatMap((t, i) => {
    const [rate, latency] = [load.requestsPerS[i] ?? null, load.p95Ms[i] ?? null]
    return rate === null || latency === null || rate === 0 ? [] : [{ t, rate, latency }]
  })
  if (points.length < 3) return null
  const most = Math.max(...points.map(({ rate }) => rate)) * 1.05
  const high = Math.max(...points.map(({ latency }) => latency)) * 1.05
  const px = (rate: number): number => plot.left + (rate / most) * (plot.width - plot.left - plot.right)
  const py = (ms: number): number => plot.top + (1 - ms / high) * (plot.height - plot.top - plot.bottom)
  const steps = [0, 0.25, 0.5, 0.75, 1]
  return (
    <div class="panel">
      <h3>{words.scatter}</h3>
      <svg class="percentiles" viewBox={`0 0 ${plot.width} ${plot.height}`} role="img" aria-label={words.scatter}>
        {steps.map((share) => (
          <g key={share}>
            <line
              x1={plot.left}
              x2={plot.width - plot.right}
              y1={py(share * high)}
              y2={py(share * high)}
              class="grid"
            />
            <text x={plot.left - 6} y={py(share * high) + 4} text-anchor="end">
              {formatNumber(share * high, 'ms')}
            </text>
            <text x={px(share * most)} y={plot.height - 16} text-anchor={share === 1 ? 'end' : 'middle'}>
              {formatNumber(share * most, 'per-s')}
            </text>
          </g>
        ))}
        {points.map(({ t, rate, latency }) => (
          <circle key={t} cx={px(rate)} cy={py(latency)} r={3} style={{ fill: 'var(--c2)', fillOpacity: 0.6 }}>
            <title>{`${formatClock(t)}: ${formatNumber(rate, 'per-s')}, p95 ${formatNumber(latency, 'ms')}`}</title>
          </circle>
        ))}
      </svg>
      <p class="quiet">{words.scatterNote}</p>
    </div>
  )
}
