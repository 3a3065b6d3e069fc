/** Indexes that cost and give nothing: doubles, prefixes of others, never used, invalid, bloated. */
import { bytes, number } from '#diagnose/finding.js'
import type { Change, Finding } from '#record/index.js'
import { makeAdvice } from '../advice.js'
import type { Advice } from '../types.js'
import type { Index, Table } from './catalog.js'
import type { Examination } from './examination.js'

/** Below these an index is no burden that one would notice. */
const MIN_UNUSED_BYTES = 10e6
const MIN_WRITTEN_BYTES = 1e6
const MIN_WRITES = 1000
const MIN_BLOATED_BYTES = 5e6
/** A btree whose pages are half empty is as large as it need be twice over. */
const BLOAT = 2

export function redundantIndexes(examination: Examination): readonly Advice[] {
  const advice: Advice[] = []
  for (const table of examination.catalog.tables.values()) {
    const doubles = new Map<Index, Index>()
    for (const index of table.indexes) {
      const double = table.indexes.find((other) => other !== index && !doubles.has(other) && isDoubleOf(index, other))
      if (double !== undefined) doubles.set(index, double)
    }
    // What stays will answer for what goes.
    const inherited = (index: Index): number =>
      [...doubles].reduce((scans, [gone, other]) => (other === index ? scans + gone.scans : scans), index.scans)
    for (const index of table.indexes) {
      const double = doubles.get(index)
      if (!index.isValid) advice.push(invalid(table, index))
      else if (double !== undefined) advice.push(doubled(table, index, double))
      else if (inherited(index) === 0 && isBurden(table, index)) advice.push(unused(examination, table, index))
      else if (isBloated(table, index)) advice.push(bloated(table, index))
    }
  }
  return advice
}

/** Whether `other` answers all that `index` does: the same keys, or more after them. */
function isDoubleOf(index: Index, other: Index): boolean {
  if (index.isNeeded || index.isUnique || !index.isValid || !other.isValid) return false
  if (index.method !== other.method || index.where !== other.where) return false
  const isSame = index.keys.length === other.keys.length
  if (index.keys.length > other.keys.length || (!isSame && index.method !== 'btree')) return false
  const alike = index.keys.every((key, i) => key === other.keys[i] && index.keyKinds[i] === other.keyKinds[i])
  const included = index.include.every((name) => other.include.includes(name) || other.keys.includes(name))
  if (!alike || !included) return false
  // Of two that are alike in everything the one with the later name goes.
  const isTwin = isSame && !other.isUnique && !other.isNeeded && index.include.length === other.include.length
  return !isTwin || index.name > other.name
}

function isBurden(table: Table, index: Index): boolean {
  const writes = table.inserts + table.updates - table.hotUpdates + table.deletes
  const isHeavy = index.bytes >= MIN_UNUSED_BYTES || (index.bytes >= MIN_WRITTEN_BYTES && writes >= MIN_WRITES)
  return !index.isNeeded && !index.isUnique && isHeavy
}

/** Bytes of a freshly built btree: 12 of head and pointer an entry, keys padded to 8, pages nine tenths full. */
function leastBytes(table: Table, index: Index): number | undefined {
  if (index.method !== 'btree') return undefined
  let width = 0
  for (const key of [...index.keys, ...index.include]) {
    const stats = table.columns.get(key.replace(/^"|"$/g, ''))?.stats
    if (stats === undefined) return undefined
    width += stats.width
  }
  return index.rows * (12 + Math.ceil(width / 8) * 8) * (1 / 0.9)
}

function isBloated(table: Table, index: Index): boolean {
  const least = leastBytes(table, index)
  return least !== undefined && index.rows > 0 && index.bytes >= MIN_BLOATED_BYTES && index.bytes > BLOAT * least
}

function invalid(table: Table, index: Index): Advice {
  return redundant(table, index, {
    severity: 'warning',
    confidence: 0.95,
    title: `${index.name} on ${table.sqlName} is invalid: writes pay for it and no statement can use it`,
    evidence: 'pg_index.indisvalid is false: its building was broken off',
    fix: 'Build it anew, or drop it.',
    change: { form: 'statement', language: 'sql', text: `REINDEX INDEX CONCURRENTLY ${index.sqlName};` },
    costs: ['the time of building it; reads and writes go on'],
    how: 'the server says so itself',
  })
}

function doubled(table: Table, index: Index, other: Index): Advice {
  const isSame = index.keys.length === other.keys.length
  return redundant(table, index, {
    severity: isSame ? 'warning' : 'info',
    confidence: isSame ? 0.95 : 0.8,
    title: `${index.name} on ${table.sqlName} does nothing that ${other.name} does not: ${bytes(index.bytes)}, and a part of every write`,
    evidence: `(${index.keys.join(', ')}) is ${isSame ? 'the same as' : 'the beginning of'} (${other.keys.join(', ')})`,
    fix: `Drop it; ${other.name} answers the same statements${isSame ? '' : `, at ${bytes(other.bytes)} instead of ${bytes(index.bytes)} to read`}.`,
    change: dropChange(index),
    costs: isSame ? [] : ['statements that read much of the narrower index read more pages of the wider one'],
    how: 'by the definitions of both indexes',
  })
}

function unused({ catalog }: Examination, table: Table, index: Index): Advice {
  const since = catalog.countersSince === undefined ? 'since the counters began' : `since ${catalog.countersSince}`
  return redundant(table, index, {
    severity: 'info',
    confidence: 0.6,
    title: `${index.name} on ${table.sqlName} was not used ${since}: ${bytes(index.bytes)}, and a part of every write`,
    evidence: `0 scans ${since}, while the table took ${number(table.inserts + table.updates + table.deletes)} writes`,
    fix: 'Drop it, if that time saw every kind of work: a monthly report or another replica may need it.',
    change: dropChange(index),
    costs: [
      'what uses it seldom, or on a replica, becomes slow: these counters know of this server and this time only',
    ],
    how: `the server's own counters ${since}`,
  })
}

function bloated(table: Table, index: Index): Advice {
  const least = leastBytes(table, index) ?? index.bytes
  return redundant(table, index, {
    severity: 'info',
    confidence: 0.7,
    title: `${index.name} on ${table.sqlName} takes ${bytes(index.bytes)} where about ${bytes(least)} would do`,
    evidence: `${number(index.rows)} entries of that width fill ${bytes(least)} in a fresh btree`,
    fix: 'Build it anew beside itself; reads and writes go on.',
    change: { form: 'statement', language: 'sql', text: `REINDEX INDEX CONCURRENTLY ${index.sqlName};` },
    costs: [`${bytes(least)} more disk while it is built`],
    how: 'by the width of its keys in the column statistics',
    gain: { before: index.bytes, after: least },
  })
}

function dropChange(index: Index): Change {
  const undo = `${index.definition.replace(/^CREATE (UNIQUE )?INDEX/, 'CREATE $1INDEX CONCURRENTLY')};`
  return { form: 'statement', language: 'sql', text: `DROP INDEX CONCURRENTLY ${index.sqlName};`, undo }
}

interface Redundant extends Pick<Finding, 'severity' | 'confidence' | 'title' | 'fix'> {
  readonly evidence: string
  readonly change: Change
  readonly costs: readonly string[]
  readonly how: string
  readonly gain?: { readonly before: number; readonly after: number }
}

function redundant(table: Table, index: Index, init: Redundant): Advice {
  const { severity, confidence, title, evidence, fix, change, costs, how } = init
  const { before, after } = init.gain ?? {
    before: index.bytes,
    after: change.text.startsWith('DROP') ? 0 : index.bytes,
  }
  return makeAdvice({
    advisor: 'postgres-schema',
    kind: 'redundant-index',
    severity,
    confidence,
    title,
    where: { resource: `postgres index ${table.schema}.${index.name}` },
    evidence: [{ text: evidence, source: 'pg_index, pg_stat_all_indexes', value: index.bytes, unit: 'bytes' }],
    fix,
    prove: 'perfwright advise --db DSN --only postgres-schema',
    advice: {
      changes: [change],
      gain:
        before === after
          ? null
          : {
              metric: `size of ${index.name}`,
              unit: 'bytes',
              before,
              after,
              afterLow: null,
              afterHigh: null,
              basis: 'estimated',
              how,
            },
      costs,
      verification: { state: 'observed', how },
    },
  })
}
