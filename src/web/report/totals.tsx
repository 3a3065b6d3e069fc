/** Totals by scenario and group, every metric, and where the raw data is. */
import type { MetricTotal } from '#record/types.js'
import type { PageData } from '#report/html/page-data.js'
import type { PartRow } from '#report/part-row.js'
import { formatNumber, type Unit } from '../components/format.js'

export function Totals({ data }: { readonly data: PageData }) {
  const { words, byScenario, byGroup, metrics, files } = data
  return (
    <>
      {byScenario.length > 1 && <Parts title={words.scenario} rows={byScenario} data={data} />}
      {byGroup.length > 1 && <Parts title={words.group} rows={byGroup} data={data} />}
      <section class="panel" tabIndex={0} aria-label={words.allMetrics}>
        <h2>{words.allMetrics}</h2>
        <table class="plain">
          <thead>
            <tr>
              <th>{words.metric}</th>
              <th class="num">{words.count}</th>
              <th>{words.value}</th>
            </tr>
          </thead>
          <tbody>
            {metrics.slice(0, MOST_METRICS).map((metric) => (
              <tr key={metric.name}>
                <td class="mono">{metric.name}</td>
                <td class="num">{formatNumber(metric.count, 'count')}</td>
                <td>{valuesOf(metric)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {files.length > 0 && (
        <section class="panel" aria-label={words.rawData}>
          <h2>{words.rawData}</h2>
          <ul class="lines">
            {files.map((file) => (
              <li key={file}>
                <a href={file}>{file}</a>
              </li>
            ))}
          </ul>
          <p class="quiet">{words.rawDataNote}</p>
        </section>
      )}
    </>
  )
}

const MOST_METRICS = 300

function Parts({
  title,
  rows,
  data: { words },
}: {
  readonly title: string
  readonly rows: readonly PartRow[]
  readonly data: PageData
}) {
  return (
    <section class="panel" tabIndex={0} aria-label={title}>
      <table class="plain">
        <thead>
          <tr>
            <th>{title}</th>
            {[words.count, words.perS, words.failed, words.average, 'p50', 'p95', 'p99', 'max'].map((name) => (
              <th class="num" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_METRICS).map(({ key, count, perS, failedRatio, serviceTimeMs: of }) => (
            <tr key={key}>
              <td>{key}</td>
              <td class="num">{formatNumber(count, 'count')}</td>
              <td class="num">{formatNumber(perS, 'count')}</td>
              <td class="num">{formatNumber(failedRatio, 'ratio')}</td>
              <td class="num">{formatNumber(of?.avg, 'ms')}</td>
              <td class="num">{formatNumber(of?.med, 'ms')}</td>
              <td class="num">{formatNumber(of?.p95, 'ms')}</td>
              <td class="num">{formatNumber(of?.p99, 'ms')}</td>
              <td class="num">{formatNumber(of?.max, 'ms')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function valuesOf({ type, unit, values }: MetricTotal): string {
  const plain: Unit = unit === 'ms' ? 'ms' : unit === 'bytes' ? 'bytes' : 'count'
  const perSecond: Unit = unit === 'bytes' ? 'bytes-per-s' : 'per-s'
  return Object.entries(values)
    .map(([name, value]) => {
      if (name === 'rate') return `${name} ${formatNumber(value, type === 'rate' ? 'ratio' : perSecond)}`
      return `${name} ${formatNumber(value, type === 'rate' ? 'count' : plain)}`
    })
    .join(' · ')
}
