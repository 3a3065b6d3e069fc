import type { Analysis } from '#record/analysis.js'
import type { PageWord } from '#report/words/types.js'
import { formatTick } from '../components/format.js'

const plot = { width: 560, height: 240, left: 52, right: 12, top: 10, bottom: 34 }

/** Throughput by load: what was measured, the fitted law, and the knee with its interval. */
export function CapacityPlot({
  capacity,
  label,
  words,
}: {
  readonly capacity: NonNullable<Analysis['capacity']>
  readonly label: string
  readonly words: Readonly<Record<PageWord, string>>
}) {
  const { points, usl, at, low, high, loadUnit } = capacity
  if (points.length === 0) return null
  const right = Math.max(...points.map(({ load }) => load)) * 1.05
  const law = (n: number): number =>
    usl === null ? 0 : (usl.lambda * n) / (1 + usl.sigma * (n - 1) + usl.kappa * n * (n - 1))
  const steps = Array.from({ length: 60 }, (_, i) => (right * (i + 1)) / 60)
  const top = Math.max(...points.map(({ throughputPerS }) => throughputPerS), ...steps.map(law)) * 1.08
  const x = (load: number): number => plot.left + (load / right) * (plot.width - plot.left - plot.right)
  const y = (rate: number): number => plot.top + (1 - rate / top) * (plot.height - plot.top - plot.bottom)
  const clip = (load: number): number => Math.min(right, Math.max(0, load))
  return (
    <svg class="capacity" viewBox={`0 0 ${plot.width} ${plot.height}`} role="img" aria-label={label}>
      {[0.25, 0.5, 0.75, 1].map((part) => (
        <g key={part}>
          <line x1={plot.left} x2={plot.width - plot.right} y1={y(top * part)} y2={y(top * part)} class="grid" />
          <text x={plot.left - 6} y={y(top * part) + 4} text-anchor="end">
            {formatTick(top * part, 'per-s')}
          </text>
          <text x={x(right * part)} y={plot.height - 18} text-anchor="middle">
            {formatTick(right * part, 'count')}
          </text>
        </g>
      ))}
      <text x={plot.width - plot.right} y={plot.height - 4} text-anchor="end">
        {words.load}, {loadUnit}
      </text>
      {at !== null && low !== null && high !== null && (
        <rect
          class="knee"
          x={x(clip(low))}
          width={Math.max(1, x(clip(high)) - x(clip(low)))}
          y={plot.top}
          height={plot.height - plot.top - plot.bottom}
        />
      )}
      {at !== null && (
        <line class="limit" x1={x(clip(at))} x2={x(clip(at))} y1={plot.top} y2={plot.height - plot.bottom} />
      )}
      {usl !== null && (
        <path
          class="service"
          d={steps.map((n, i) => `${i === 0 ? 'M' : 'L'}${x(n).toFixed(1)} ${y(law(n)).toFixed(1)}`).join('')}
        />
      )}
      {points.map(({ load, throughputPerS, errorRatio }) => (
        <circle
          key={`${load} ${throughputPerS}`}
          cx={x(load)}
          cy={y(throughputPerS)}
          r={4}
          class={errorRatio > 0.01 ? 'failing' : 'point'}
        >
          <title>{`${load.toPrecision(3)} ${loadUnit}: ${throughputPerS.toPrecision(4)}/s`}</title>
        </circle>
      ))}
    </svg>
  )
}
