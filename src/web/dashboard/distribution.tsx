/** How response times are distributed over the whole run, on a logarithmic axis. */
import type { Distribution } from '#dashboard/wire.js'
import { formatNumber } from '../components/format.js'

export function DistributionBars({ distribution }: { readonly distribution: Distribution }) {
  const { bounds, counts, quantiles, count } = distribution
  const most = Math.max(1, ...counts)
  const width = 100 / Math.max(1, counts.length)
  const of = (q: number): number | undefined => quantiles.find(([at]) => at === q)?.[1]
  return (
    <section aria-label="Distribution">
      <div class="chart-head">
        <h3>Distribution of {formatNumber(count, 'count')} requests</h3>
      </div>
      <svg
        class="bars"
        viewBox="0 0 100 60"
        preserveAspectRatio="none"
        role="img"
        aria-label="Histogram of response times, logarithmic axis"
      >
        {counts.map((n, i) => (
          <rect
            key={bounds[i]}
            x={i * width + 0.15}
            width={Math.max(0.1, width - 0.3)}
            y={60 - (n / most) * 58}
            height={(n / most) * 58}
          >
            <title>
              up to {formatNumber(bounds[i], 'ms')}: {formatNumber(n, 'count')}
            </title>
          </rect>
        ))}
      </svg>
      <p class="quiet bars-axis">
        <span>{formatNumber(of(0), 'ms')}</span>
        <span>log scale</span>
        <span>{formatNumber(of(1), 'ms')}</span>
      </p>
      <p class="mono">
        {[0.5, 0.9, 0.95, 0.99, 0.999].map((q) => `p${q * 100} ${formatNumber(of(q), 'ms')}`).join('   ')}
      </p>
    </section>
  )
}
