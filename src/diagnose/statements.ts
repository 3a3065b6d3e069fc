/** Statements of the databases that were observed, each with its columns and totals. */
import type { Evidence } from './evidence.js'
import type { Column } from './grid.js'
import type { Mask } from './measure.js'
import type { ObservedSeries } from './observed-table.js'

export interface Statement {
  /** `postgres`, `mysql-2` */
  readonly part: string
  readonly id: string
  /** Literals taken out by the server; '' where its text is not known. */
  readonly sql: string
  /** 0 in seconds in which the server was read and the statement did not run. */
  readonly callsPerS: Column
  readonly msPerS: Column
  /** Of the bins that the mask lets through. */
  readonly calls: number
  readonly totalMs: number
  readonly msPerCall: number
  /** Undefined where the server does not say. */
  readonly rowsPerCall: number | undefined
  readonly blocksPerCall: number | undefined
  readonly source: string
}

/** Those that took most time first. */
export function statementsOf(evidence: Evidence, mask: Mask): readonly Statement[] {
  const texts = new Map<string, string>()
  for (const { type, detail } of evidence.events) {
    if (type !== 'statement' || typeof detail.sql !== 'string') continue
    texts.set(`${String(detail.part)} ${String(detail.id)}`, detail.sql.slice(0, 4000))
  }
  const statements: Statement[] = []
  for (const calls of evidence.observed.all) {
    if (calls.metric !== 'statement_calls_per_s') continue
    const { part, kind, tags } = calls
    const id = tags.id ?? ''
    const read = readBins(evidence, part, 'statement_calls_per_s')
    const column = (metric: string): Column | undefined => {
      const series = evidence.observed.list(kind, metric, part).find((one) => one.tags.id === id)
      return series === undefined ? undefined : zeroWhereRead(series, read)
    }
    const callsPerS = zeroWhereRead(calls, read)
    const msPerS = column('statement_ms_per_s') ?? new Float64Array(callsPerS.length).fill(Number.NaN)
    const rows = column('statement_rows_per_s')
    const blocks = column('statement_blocks_per_s')
    const total = (values: Column): number => sum(values, mask) * evidence.binS
    const callCount = total(callsPerS)
    if (callCount <= 0) continue
    statements.push({
      part,
      id,
      sql: texts.get(`${part} ${id}`) ?? texts.get(`${kind} ${id}`) ?? '',
      callsPerS,
      msPerS,
      calls: callCount,
      totalMs: total(msPerS),
      msPerCall: total(msPerS) / callCount,
      rowsPerCall: rows === undefined ? undefined : total(rows) / callCount,
      blocksPerCall: blocks === undefined ? undefined : total(blocks) / callCount,
      source: calls.source,
    })
  }
  return statements.sort((a, b) => b.totalMs - a.totalMs)
}

/**
 * Of a metric with tags a reading leaves out what did nothing: there it is 0. A rate covers the time since the reading
 * before it, so bins that a collector passed over have the value of the next.
 */
export function zeroWhereRead(series: ObservedSeries, read: Int32Array): Column {
  return series.values.map((_value, i) => {
    const at = read[i] as number
    if (at < 0) return Number.NaN
    const value = series.values[at] as number
    return value === value ? value : 0
  })
}

/** For each bin the one that holds its reading of a metric: itself, or one shortly after; -1 = none. */
export function readBins(evidence: Evidence, part: string, metric: string): Int32Array {
  const key = `${part} ${metric}`
  let read = cache.get(evidence)?.get(key)
  if (read === undefined) {
    read = new Int32Array(evidence.binCount).fill(-1)
    for (const series of evidence.observed.all) {
      if (series.part !== part || series.metric !== metric) continue
      for (let i = 0; i < read.length; i++) if (!Number.isNaN(series.values[i])) read[i] = i
    }
    for (let i = read.length - 2; i >= 0; i--) {
      const next = read[i + 1] as number
      if (read[i] === -1 && next >= 0 && next - i <= longestGap) read[i] = next
    }
    const known = cache.get(evidence) ?? new Map<string, Int32Array>()
    cache.set(evidence, known.set(key, read))
  }
  return read
}

/** Bins without a reading that the next one speaks for. */
const longestGap = 4

const cache = new WeakMap<Evidence, Map<string, Int32Array>>()

/** Tables that a statement reads or writes, in lower case, without schema and quotes. */
export function tablesIn(sql: string): string[] {
  const names = sql.matchAll(
    /\b(?:from|join|into|update|table)\s+(?:only\s+)?((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?)/gi,
  )
  return [
    ...new Set([...names].map(([, name = '']) => name.split('.').at(-1)?.replaceAll('"', '').toLowerCase() ?? '')),
  ].filter((name) => name !== '' && !/^(select|lateral|unnest|generate_series)$/.test(name))
}

export function isRead(sql: string): boolean {
  return (
    /^\s*(?:\/\*.*?\*\/\s*)*(select|with|table|values)\b/is.test(sql) &&
    !/\b(insert\s+into|update\s+\w+\s+set|delete\s+from|for\s+update)\b/i.test(sql)
  )
}

function sum(column: Column, mask: Mask): number {
  let total = 0
  for (let i = 0; i < column.length; i++) {
    const value = column[i] as number
    if (value === value && mask(i)) total += value
  }
  return total
}
