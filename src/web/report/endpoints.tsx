import { useMemo, useState } from 'preact/hooks'
import type { EndpointRow, PageData } from '#report/html/page-data.js'
import { type Column, DataTable } from '../components/data-table.js'
import { formatNumber } from '../components/format.js'
import { Sparkline } from '../components/sparkline.js'

/** One line an endpoint; a click shows it alone in the timeline. */
export function Endpoints({
  data,
  chosen,
  onChoose,
}: {
  readonly data: PageData
  readonly chosen: string | null
  readonly onChoose: (endpoint: string | null) => void
}) {
  const { words } = data
  const [filter, setFilter] = useState('')
  const rows = useMemo(
    () => data.endpoints.filter(({ key }) => key.toLowerCase().includes(filter.toLowerCase())),
    [filter],
  )
  const ms = (
    key: string,
    title: string,
    of: (row: EndpointRow) => number | null | undefined,
  ): Column<EndpointRow> => ({
    key,
    title,
    width: '82px',
    isNumber: true,
    sortBy: (row) => of(row) ?? null,
    cell: (row) => formatNumber(of(row), 'ms'),
  })
  const columns: Column<EndpointRow>[] = [
    {
      key: 'endpoint',
      title: words.endpoint,
      width: 'minmax(180px, 1fr)',
      sortBy: ({ key }) => key,
      tooltip: ({ key }) => key,
      cell: ({ key }) => (
        <button
          type="button"
          class="link"
          aria-pressed={chosen === key}
          onClick={() => {
            onChoose(chosen === key ? null : key)
            document.getElementById('timeline')?.scrollIntoView()
          }}
        >
          {key}
        </button>
      ),
    },
    {
      key: 'course',
      title: 'p95',
      width: '110px',
      cell: ({ p95Ms, key }) => <Sparkline values={p95Ms} label={`p95 ${key}`} />,
    },
    {
      key: 'count',
      title: words.requests,
      width: '92px',
      isNumber: true,
      sortBy: ({ count }) => count,
      cell: ({ count }) => formatNumber(count, 'count'),
    },
    {
      key: 'rate',
      title: words.perS,
      width: '82px',
      isNumber: true,
      sortBy: ({ perS }) => perS,
      cell: ({ perS }) => formatNumber(perS, 'count'),
    },
    {
      key: 'failed',
      title: words.failed,
      width: '82px',
      isNumber: true,
      sortBy: ({ failedRatio }) => failedRatio,
      cell: ({ failedRatio }) => (
        <span class={(failedRatio ?? 0) > 0 ? 'bad' : ''}>{formatNumber(failedRatio, 'ratio')}</span>
      ),
    },
    ms('avg', words.average, ({ serviceTimeMs }) => serviceTimeMs?.avg),
    ms('med', words.median, ({ serviceTimeMs }) => serviceTimeMs?.med),
    ms('p95', 'p95', ({ serviceTimeMs }) => serviceTimeMs?.p95),
    ms('p99', 'p99', ({ serviceTimeMs }) => serviceTimeMs?.p99),
    ms('max', 'max', ({ serviceTimeMs }) => serviceTimeMs?.max),
  ]
  return (
    <section id="endpoints" aria-label={words.endpoints}>
      <h2>
        {words.endpoints} <span class="quiet">{data.endpoints.length}</span>
        {data.endpoints.length > 8 && (
          <input
            type="search"
            placeholder={words.filter}
            aria-label={words.filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        )}
      </h2>
      <DataTable
        label={words.endpoints}
        columns={columns}
        rows={rows}
        keyOf={({ key }) => key}
        sort={{ key: 'count', down: true }}
        isOpen={({ key }) => key === chosen}
        empty={words.noData}
      />
    </section>
  )
}
