/** Adviser `postgres-schema`: what is wrong in the tables and indexes themselves, whatever runs on them. */
import { bytes, ms, number, percent } from '#diagnose/finding.js'
import type { Change, Finding, Gain } from '#record/index.js'
import { makeAdvice } from '../advice.js'
import type { Advice, AdviseInput, Advisor, AdvisorAnswer, DatabaseAt } from '../types.js'
import { normalKey } from './candidates.js'
import type { Column, ForeignKey, Table } from './catalog.js'
import { type Examination, examinationOf, openReader } from './examination.js'
import { helpedBy } from './helped.js'
import { createText, dropText } from './index-text.js'
import { planOf } from './plan.js'
import { redundantIndexes } from './redundant.js'
import type { Session } from './session.js'
import { ident, literal } from './sql/print.js'
import type { IndexDefinition } from './what-if.js'

const MIN_ROWS = 10_000
/** Changed rows since ANALYZE, and dead rows, of all; autovacuum itself waits for 10 and 20 %. */
const STALE = 0.2
const DEAD = 0.3
/** Of what a sequence's column can hold. */
const USED_UP = 0.5

export const postgresSchema: Advisor = {
  name: 'postgres-schema',
  kinds: ['redundant-index', 'missing-index', 'schema'],
  explains:
    'Indexes that are double, the beginning of another, unused (10 MB, or 1 MB and written), invalid or twice as large as need be; ' +
    'foreign keys without an index; statistics older than a fifth of the rows; dead rows; sequences past half of their type; ' +
    'text that holds UUIDs, times or numbers; tables that are changed without a primary key.',
  async advise(input) {
    const databases = input.databases.filter(({ kind }) => kind === 'postgres')
    const answers = await Promise.all(databases.map((database) => adviseOne(input, database)))
    return {
      advice: answers.flatMap(({ advice }) => advice),
      fine: answers.flatMap(({ fine }) => fine),
      notAssessed: answers.flatMap(({ notAssessed }) => notAssessed),
    }
  },
}

async function adviseOne(input: AdviseInput, database: DatabaseAt): Promise<AdvisorAnswer> {
  const examination = await examinationOf(input, database)
  const { catalog } = examination
  const session = await openReader(examination.uri)
  try {
    const advice: Advice[] = [...redundantIndexes(examination)]
    const helped = helpedBy(input)
    for (const key of catalog.foreignKeys) {
      if (helped?.leading.has(`${key.tableOid} ${key.columns[0]}`) === true) continue
      const found = await foreignKeyAdvice(session, examination, key)
      if (found !== undefined) advice.push(found)
    }
    advice.push(...(await sequenceAdvice(session)))
    for (const table of catalog.tables.values()) advice.push(...tableAdvice(table, examination))
    const indexes = [...catalog.tables.values()].reduce((sum, table) => sum + table.indexes.length, 0)
    const fine = `${number(catalog.tables.size)} tables, ${number(indexes)} indexes and ${number(catalog.foreignKeys.length)} foreign keys were looked at`
    return { advice, fine: [fine], notAssessed: catalog.notes }
  } finally {
    await session.close()
  }
}

async function foreignKeyAdvice(
  session: Session,
  { catalog, workload }: Examination,
  key: ForeignKey,
): Promise<Advice | undefined> {
  const [child, parent] = [catalog.tables.get(key.tableOid), catalog.tables.get(key.toTableOid)]
  if (child === undefined || parent === undefined || child.rows < MIN_ROWS) return undefined
  const wanted = new Set(key.columns.map((column) => normalKey(column)))
  const hasIndex = child.indexes.some(
    ({ isValid, keys, where }) =>
      isValid &&
      where === null &&
      keys.slice(0, wanted.size).every((one) => wanted.has(normalKey(one))) &&
      keys.length >= wanted.size,
  )
  if (hasIndex) return undefined
  const isJoined = workload.statements.some(({ shape }) =>
    shape.tables.some(
      (use) => use.name === child.name && use.predicates.some(({ key: one }) => one.column === key.columns[0]),
    ),
  )
  const removed = parent.deletes
  const definition: IndexDefinition = {
    tableOid: child.oid,
    table: child.sqlName,
    method: 'btree',
    keys: key.columns.map(ident),
    include: [],
    where: undefined,
    taken: child.indexes.map(({ name }) => name),
  }
  const gain = await lookUpGain(session, child, parent, key)
  return schemaAdvice({
    kind: 'missing-index',
    severity: removed > 0 || isJoined ? 'warning' : 'info',
    confidence: 0.9,
    title: `${child.sqlName}.${key.columns.join(', ')} refers to ${parent.sqlName} and has no index: each row that is deleted there reads all of ${child.name}${gain === null ? '' : `, ${ms(gain.before)}`}`,
    resource: `postgres foreign key ${child.schema}.${key.name}`,
    evidence: `${number(child.rows)} rows; ${number(removed)} rows of ${parent.name} were deleted since the counters began${isJoined ? '; measured statements look rows up by it' : ''}`,
    fix: 'Make the index; the check of the foreign key and joins along it use it.',
    change: { form: 'statement', language: 'sql', text: createText(definition), undo: dropText(definition) },
    costs: ['its size, and a few microseconds for each row written'],
    gain,
    how: gain === null ? 'by the definitions; the look-up was not run' : gain.how,
    state: gain === null ? 'observed' : 'predicted',
  })
}

/** The look-up that the server itself makes for each deleted row, run as a plain read. */
async function lookUpGain(session: Session, child: Table, parent: Table, key: ForeignKey): Promise<Gain | null> {
  const value = parent.columns.get(key.toColumns[0] ?? '')?.stats?.bounds.at(-1)
  if (value === undefined || key.columns.length !== 1) return null
  const rows = await session.attempt<{ 'QUERY PLAN': unknown }>(
    `explain (analyze, format json) select 1 from only ${child.sqlName} where ${ident(key.columns[0] ?? '')} = ${literal(value)}`,
  )
  const plan = 'refused' in rows ? undefined : planOf(rows[0]?.['QUERY PLAN'])
  if (plan?.executionMs === undefined) return null
  const kept = plan.root.actual?.rows ?? 1
  const after = Math.min(plan.executionMs, 0.05 + (plan.executionMs * kept * 4) / Math.max(1, child.rows))
  return {
    metric: `look-up of one value in ${child.name}`,
    unit: 'ms',
    before: plan.executionMs,
    after,
    afterLow: null,
    afterHigh: null,
    basis: 'estimated',
    how: `the look-up was run once and read ${number(child.rows)} rows to find ${number(kept)}`,
  }
}

async function sequenceAdvice(session: Session): Promise<Advice[]> {
  const rows = await session.query<{ table: string; column: string; type: string; last: number }>(
    `select d.refobjid::regclass::text as table, a.attname as column, format_type(a.atttypid, null) as type,
       case when c.relkind = 'S' then pg_sequence_last_value(d.objid) end::float8 as last
     from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S'
     join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     where d.deptype in ('a', 'i') and a.atttypid in ('int2'::regtype, 'int4'::regtype)
       and case when c.relkind = 'S' then has_sequence_privilege(d.objid, 'select') else false end`,
  )
  return rows.flatMap(({ table, column, type, last }) => {
    const most = type === 'smallint' ? 32_767 : 2_147_483_647
    const used = (last ?? 0) / most
    if (used < USED_UP) return []
    return schemaAdvice({
      kind: 'schema',
      severity: used > 0.8 ? 'critical' : 'warning',
      confidence: 0.95,
      title: `${table}.${column} is ${type} and ${percent(used)} used up: at ${number(most)} every insert fails`,
      resource: `postgres column ${table}.${column}`,
      evidence: `its sequence is at ${number(last)}`,
      fix: 'Widen the column. The statement rewrites the table under a lock that stops all else: for a large one add a bigint column, fill it by parts and swap.',
      change: {
        form: 'statement',
        language: 'sql',
        text: `ALTER TABLE ${table} ALTER COLUMN ${ident(column)} TYPE bigint;`,
      },
      costs: ['the table is rewritten and locked meanwhile; columns that refer to it want the same type'],
      gain: null,
      how: "the sequence's own last value",
      state: 'observed',
    })
  })
}

function tableAdvice(table: Table, { workload }: Examination): Advice[] {
  const advice: Advice[] = []
  if (table.rows >= MIN_ROWS && table.changedSinceAnalyze > table.rows * STALE) {
    advice.push(
      schemaAdvice({
        kind: 'schema',
        severity: 'warning',
        confidence: 0.85,
        title: `The statistics of ${table.sqlName} are old: ${number(table.changedSinceAnalyze)} of ${number(table.rows)} rows changed since ANALYZE`,
        resource: `postgres statistics ${table.schema}.${table.name}`,
        evidence: 'plans are made for data that is no longer there',
        fix: 'Analyze it, and let autovacuum come sooner where this goes on.',
        change: { form: 'statement', language: 'sql', text: `ANALYZE ${table.sqlName};` },
        costs: ['reads some 30,000 rows'],
        gain: null,
        how: "the server's own counters",
        state: 'observed',
      }),
    )
  }
  if (table.deadRows > MIN_ROWS && table.deadRows > table.rows * DEAD) {
    advice.push(
      schemaAdvice({
        kind: 'schema',
        severity: 'warning',
        confidence: 0.8,
        title: `${table.sqlName} holds ${number(table.deadRows)} dead rows beside ${number(table.rows)} live ones: every scan reads both`,
        resource: `postgres dead rows ${table.schema}.${table.name}`,
        evidence: `${bytes(table.bytes)} of table; autovacuum has not come, or an old transaction holds it up`,
        fix: 'Vacuum it, and find what keeps autovacuum away: a transaction left open, or settings too shy for this table.',
        change: {
          form: 'statement',
          language: 'sql',
          text: `VACUUM (ANALYZE) ${table.sqlName};`,
        },
        costs: ['reads the whole table once'],
        gain: null,
        how: "the server's own counters",
        state: 'observed',
      }),
    )
  }
  const isChanged = table.updates + table.deletes > 0
  if (table.rows >= MIN_ROWS && isChanged && !table.indexes.some(({ isUnique }) => isUnique)) {
    advice.push(
      schemaAdvice({
        kind: 'schema',
        severity: 'info',
        confidence: 0.8,
        title: `${table.sqlName} is changed and has no primary key: its rows cannot be told apart`,
        resource: `postgres table ${table.schema}.${table.name}`,
        evidence: `${number(table.updates)} updates and ${number(table.deletes)} deletes, no unique index`,
        fix: 'Give it a primary key: of columns that are unique together, or a new one.',
        change: {
          form: 'statement',
          language: 'sql',
          text: `ALTER TABLE ${table.sqlName} ADD COLUMN ${table.columns.has('id') ? 'row_id' : 'id'} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;`,
        },
        costs: ['the table is rewritten and locked meanwhile'],
        gain: null,
        how: 'by its definition',
        state: 'observed',
      }),
    )
  }
  if (table.rows >= MIN_ROWS) {
    for (const column of table.columns.values()) {
      const better = betterType(column)
      const isCast = workload.statements.some(({ shape }) =>
        shape.tables.some(
          (use) =>
            use.name === table.name &&
            use.predicates.some(({ key }) => key.column === column.name && key.isExpression && key.text.includes('::')),
        ),
      )
      if (better === undefined || (better === 'bigint' && !isCast)) continue
      advice.push(typeAdvice(table, column, better, isCast))
    }
  }
  return advice
}

function typeAdvice(table: Table, column: Column, better: string, isCast: boolean): Advice {
  const name = ident(column.name)
  return schemaAdvice({
    kind: 'schema',
    severity: isCast ? 'warning' : 'info',
    confidence: isCast ? 0.9 : 0.7,
    title: `${table.sqlName}.${column.name} is ${column.type} and holds nothing but ${better} values${isCast ? '; statements cast it, and no plain index answers them' : ''}`,
    resource: `postgres column ${table.schema}.${table.name}.${column.name}`,
    evidence: `all values of its statistics are ${better}; ${number(column.stats?.width ?? 0)} bytes a value`,
    fix: `Make it ${better}: comparisons need no cast, and it is smaller. The statement rewrites the table under a lock.`,
    change: {
      form: 'statement',
      language: 'sql',
      text: `ALTER TABLE ${table.sqlName} ALTER COLUMN ${name} TYPE ${better} USING ${name}::${better};`,
      undo: `ALTER TABLE ${table.sqlName} ALTER COLUMN ${name} TYPE ${column.type} USING ${name}::${column.type};`,
    },
    costs: ['the table is rewritten and locked meanwhile; clients that compare it with text must change with it'],
    gain: null,
    how: 'by a sample of its values in the statistics',
    state: 'observed',
  })
}

const MIN_VALUES = 20
const forms: readonly (readonly [string, RegExp])[] = [
  ['uuid', /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i],
  ['timestamptz', /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?$/],
  ['date', /^\d{4}-\d\d-\d\d$/],
  ['bigint', /^(?:0|-?[1-9]\d{0,17})$/],
]

function betterType({ type, stats }: Column): string | undefined {
  if (stats === undefined || !/^(?:text|character varying|character)/.test(type)) return undefined
  const values = [...stats.commonValues, ...stats.bounds]
  if (values.length < MIN_VALUES) return undefined
  return forms.find(([, form]) => values.every((value) => form.test(value)))?.[0]
}

interface SchemaInit extends Pick<Finding, 'kind' | 'severity' | 'confidence' | 'title' | 'fix'> {
  readonly resource: string
  readonly evidence: string
  readonly change: Change
  readonly costs: readonly string[]
  readonly gain: Gain | null
  readonly how: string
  readonly state: 'observed' | 'predicted'
}

function schemaAdvice(init: SchemaInit): Advice {
  const { kind, severity, confidence, title, fix, resource, evidence, change, costs, gain, how, state } = init
  return makeAdvice({
    advisor: 'postgres-schema',
    kind,
    severity,
    confidence,
    title,
    where: { resource },
    evidence: [{ text: evidence, source: 'the catalog and its statistics' }],
    fix,
    prove: 'perfwright advise --db DSN --only postgres-schema',
    advice: { changes: [change], gain, costs, verification: { state, how } },
  })
}
