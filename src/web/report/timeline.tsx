import { useMemo } from 'preact/hooks'
import type { EndpointRow, PageData, Series } from '#report/html/page-data.js'
import { Chart, type ChartSeries } from '../components/chart.js'

export interface TimelineProps {
  readonly data: PageData
  /** One endpoint alone, by its name; null = all. */
  readonly endpoint: string | null
  readonly range: readonly [number, number] | null
  readonly onZoom: (range: readonly [number, number] | null) => void
  readonly onAll: () => void
}

/** Load above, systems below, all on one clock with one cursor. */
export function Timeline({ data, endpoint, range, onZoom, onAll }: TimelineProps) {
  const { words, load, times, systems } = data
  const row = useMemo(() => data.endpoints.find(({ key }) => key === endpoint), [endpoint])
  const version = endpoint === null ? 0 : data.endpoints.findIndex(({ key }) => key === endpoint) + 1
  const shared = { times, range, onZoom, syncKey: 'report', bands: data.bands, version }
  const of = (name: keyof Pick<EndpointRow, 'requestsPerS' | 'failedPerS' | 'p95Ms'>, all: Series): Series =>
    row === undefined ? all : stretched(row[name], row.step, times)
  return (
    <section id="timeline" aria-label={words.timeline}>
      <h2>
        {words.timeline} <span class="quiet">{endpoint ?? words.all}</span>
        {endpoint !== null && (
          <button type="button" onClick={onAll}>
            {words.showAll}
          </button>
        )}
      </h2>
      <p class="quiet hint">{words.zoomHint}</p>
      <div class="charts">
        <div class="panel">
          <Chart
            {...shared}
            title={words.requestsPerS}
            unit="per-s"
            marks={data.marks}
            series={[
              { label: words.requests, values: of('requestsPerS', load.requestsPerS), colour: 'c1', fill: true },
              { label: words.failed, values: of('failedPerS', load.failedPerS), colour: 'c3' },
              ...(row === undefined && some(load.droppedPerS)
                ? [{ label: words.dropped, values: load.droppedPerS, colour: 'c7' }]
                : []),
            ]}
          />
        </div>
        <div class="panel">
          <Chart
            {...shared}
            title={words.responseTime}
            unit="ms"
            lines={data.limits}
            series={
              row === undefined
                ? [
                    { label: 'p50', values: load.p50Ms, colour: 'c4' },
                    { label: 'p95', values: load.p95Ms, colour: 'c2' },
                    { label: 'p99', values: load.p99Ms, colour: 'c3', dash: true },
                  ]
                : [{ label: 'p95', values: of('p95Ms', load.p95Ms), colour: 'c2' }]
            }
          />
        </div>
        <div class="panel">
          <Chart
            {...shared}
            title={words.vus}
            unit="count"
            series={[
              { label: 'VUs', values: load.vus, colour: 'c5', fill: true },
              { label: words.inFlight, values: load.inFlight, colour: 'c6' },
            ]}
          />
        </div>
        {load.failures.length === 0 ? null : (
          <div class="panel">
            <Chart
              {...shared}
              title={words.errorsByKind}
              unit="per-s"
              series={load.failures.map(
                ({ label, values }, i): ChartSeries => ({ label, values, colour: failureColours[i] ?? 'c8' }),
              )}
            />
          </div>
        )}
        <div class="panel">
          <Chart
            {...shared}
            title={words.data}
            unit="bytes-per-s"
            rightUnit="per-s"
            series={[
              { label: words.received, values: load.receivedBytesPerS, colour: 'c1' },
              { label: words.sent, values: load.sentBytesPerS, colour: 'c2' },
              { label: words.iterations, values: load.iterationsPerS, colour: 'c4', right: true, dash: true },
            ]}
          />
        </div>
        {systems.map(({ title, unit, series }) => (
          <div class="panel" key={title}>
            <Chart
              {...shared}
              title={title}
              unit={unit}
              {...(unit === 'ratio' ? { most: 1 } : {})}
              series={series.map(({ label, values }, i): ChartSeries => ({ label, values, colour: `c${(i % 8) + 1}` }))}
            />
          </div>
        ))}
      </div>
    </section>
  )
}

/** Red first: these are failures. */
const failureColours = ['c3', 'c2', 'c5', 'c6', 'c7', 'c8', 'c1']

/** A coarser course on the page's own times. */
function stretched(values: Series, stepS: number, times: readonly number[]): Series {
  return times.map((t) => values[Math.floor(t / stepS)] ?? null)
}

function some(values: Series): boolean {
  return values.some((value) => value !== null && value > 0)
}
