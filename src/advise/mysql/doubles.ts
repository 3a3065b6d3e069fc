/** Indexes of MySQL and MariaDB that are the same as another, or its beginning. */
import { makeAdvice } from '../advice.js'
import type { Advice } from '../types.js'
import { type MysqlIndex, type MysqlTable, name } from './catalog.js'

export function doubleIndexes(tables: Iterable<MysqlTable>): Advice[] {
  const advice: Advice[] = []
  for (const table of tables) {
    const gone = new Set<MysqlIndex>()
    for (const index of table.indexes) {
      const other = table.indexes.find((one) => one !== index && !gone.has(one) && isDoubleOf(index, one))
      if (other === undefined) continue
      gone.add(index)
      advice.push(doubleAdvice(table, index, other))
    }
  }
  return advice
}

function isDoubleOf(index: MysqlIndex, other: MysqlIndex): boolean {
  if (index.isPrimary || index.isUnique || index.type !== 'BTREE' || other.type !== 'BTREE') return false
  if (index.columns.length > other.columns.length) return false
  if (!index.columns.every((column, i) => column === other.columns[i])) return false
  return index.columns.length < other.columns.length || other.isUnique || index.name > other.name
}

function doubleAdvice(table: MysqlTable, index: MysqlIndex, other: MysqlIndex): Advice {
  const isSame = index.columns.length === other.columns.length
  const on = name(table.name)
  return makeAdvice({
    advisor: 'mysql',
    kind: 'redundant-index',
    severity: isSame ? 'warning' : 'info',
    confidence: isSame ? 0.95 : 0.8,
    title: `${index.name} on ${table.name} does nothing that ${other.name} does not, and takes a part of every write`,
    where: { resource: `mysql index ${table.name}.${index.name}` },
    evidence: [
      {
        text: `(${index.columns.join(', ')}) is ${isSame ? 'the same as' : 'the beginning of'} (${other.columns.join(', ')})`,
        source: 'information_schema.statistics',
      },
    ],
    fix: 'Drop it; a foreign key that uses it takes the other.',
    prove: 'perfwright advise --db DSN --only mysql',
    advice: {
      changes: [
        {
          form: 'statement',
          language: 'sql',
          text: `ALTER TABLE ${on} DROP INDEX ${name(index.name)}, ALGORITHM=INPLACE, LOCK=NONE;`,
          undo: `ALTER TABLE ${on} ADD INDEX ${name(index.name)} (${index.columns.map(name).join(', ')});`,
        },
      ],
      gain: null,
      costs: isSame ? [] : ['statements that read much of the narrower index read more pages of the wider one'],
      verification: { state: 'observed', how: 'by the definitions of both indexes' },
    },
  })
}
