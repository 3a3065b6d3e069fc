/** A table of any length that stays smooth: only the rows that can be seen exist. Sorted by a click on a heading. */
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'

export interface Column<Row> {
  readonly key: string
  readonly title: string
  /** Of the grid: `minmax(200px, 1fr)`, `80px`. */
  readonly width: string
  readonly isNumber?: boolean
  /** By what it is sorted; a column without cannot be. Null goes last. */
  readonly sortBy?: (row: Row) => number | string | null
  readonly cell: (row: Row) => ComponentChildren
  /** For a full text under the pointer. */
  readonly tooltip?: (row: Row) => string
}

export interface DataTableProps<Row> {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string | number
  readonly sort: { readonly key: string; readonly down: boolean }
  readonly maxHeight?: number
  readonly isOpen?: (row: Row) => boolean
  /** Told which rows can be seen, whenever that changes. */
  readonly onVisible?: (rows: readonly Row[]) => void
  readonly empty?: string
}

const ROW = 32
const SPARE = 6

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { columns, rows, maxHeight = 520 } = props
  const [sort, setSort] = useState(props.sort)
  const [top, setTop] = useState(0)
  const box = useRef<HTMLDivElement>(null)
  const sorted = useMemo(() => sortRows(rows, columns, sort), [rows, sort])
  const first = Math.max(0, Math.floor(top / ROW) - SPARE)
  const shown = sorted.slice(first, first + Math.ceil(maxHeight / ROW) + 2 * SPARE)
  const template = columns.map(({ width }) => width).join(' ')
  const visible = shown.map(props.keyOf).join(' ')
  useEffect(() => props.onVisible?.(shown), [visible])
  return (
    <div
      class="grid-table"
      style={{ maxHeight: `${maxHeight}px` }}
      ref={box}
      // A region that scrolls must be reachable with the keyboard.
      tabIndex={0}
      role="table"
      aria-label={props.label}
      aria-rowcount={sorted.length + 1}
      onScroll={() => setTop(box.current?.scrollTop ?? 0)}
    >
      <div class="grid-row grid-head" role="row" style={{ gridTemplateColumns: template }}>
        {columns.map(({ key, title, isNumber, sortBy }) => (
          <div
            role="columnheader"
            class={isNumber ? 'num' : ''}
            key={key}
            aria-sort={sort.key === key ? (sort.down ? 'descending' : 'ascending') : 'none'}
          >
            {sortBy === undefined ? (
              title
            ) : (
              <button
                type="button"
                onClick={() => setSort({ key, down: sort.key === key ? !sort.down : isNumber === true })}
              >
                {title}
                {sort.key === key ? (sort.down ? ' ↓' : ' ↑') : ''}
              </button>
            )}
          </div>
        ))}
      </div>
      <div class="grid-body" role="rowgroup" style={{ height: `${Math.max(1, sorted.length) * ROW}px` }}>
        {shown.map((row, i) => (
          <div
            class={`grid-row ${props.isOpen?.(row) === true ? 'open' : ''}`}
            role="row"
            aria-rowindex={first + i + 2}
            key={props.keyOf(row)}
            style={{ gridTemplateColumns: template, top: `${(first + i) * ROW}px` }}
          >
            {columns.map((column) => (
              <div role="cell" key={column.key} class={column.isNumber ? 'num' : ''} title={column.tooltip?.(row)}>
                {column.cell(row)}
              </div>
            ))}
          </div>
        ))}
        {sorted.length === 0 ? (
          <div class="grid-row quiet" role="row">
            <div role="cell">{props.empty ?? 'Nothing yet.'}</div>
          </div>
        ) : null}
      </div>
    </div>
  )
}

function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: { readonly key: string; readonly down: boolean },
): readonly Row[] {
  const by = columns.find(({ key }) => key === sort.key)?.sortBy
  if (by === undefined) return rows
  const sign = sort.down ? -1 : 1
  return rows
    .map((row) => ({ row, value: by(row) }))
    .sort(({ value: a }, { value: b }) => {
      if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
      return a < b ? -sign : a > b ? sign : 0
    })
    .map(({ row }) => row)
}
