/** What a statement asks of each table: predicates, joins and orderings, and whether it can be run without harm. */
import { expressionText, ident } from './print.js'
import { type Fields, fieldsOf, listOf, namesOf, nodeOf, type SqlParser, walk } from './tree.js'

export interface StatementShape {
  readonly kind: 'select' | 'insert' | 'update' | 'delete' | 'other'
  /** Only reads by its form: no writing part, no row locks, no INTO. Its functions are judged apart. */
  readonly isReading: boolean
  /** Names called, without schema. */
  readonly functions: readonly string[]
  readonly tables: readonly TableUse[]
  /** What `$n` stands beside, by n. */
  readonly parameters: ReadonlyMap<number, ParameterUse>
  /** Columns that an UPDATE sets. */
  readonly sets: readonly string[]
}

/** One table at one place of a statement. */
export interface TableUse {
  readonly schema: string | undefined
  readonly name: string
  readonly predicates: Predicate[]
  /** `order by` when all of its keys are of this table. */
  order: readonly OrderKey[]
  hasLimit: boolean
  /** Columns read anywhere at this level; '*' when all. */
  readonly columns: Set<string>
}

export type Use =
  | 'eq'
  | 'in'
  | 'join'
  | 'range'
  | 'prefix'
  | 'contains'
  | 'pattern'
  | 'is-null'
  | 'not-null'
  | 'true'
  | 'false'

export interface Predicate {
  readonly key: Key
  readonly use: Use
  /** Of an OR: an index helps only when every branch has one. */
  readonly inOr: boolean
}

export interface Key {
  /** As it stands in an index: `customer_id`, `(lower(email))`. */
  readonly text: string
  readonly column: string
  readonly isExpression: boolean
}

export interface OrderKey {
  readonly key: Key
  readonly isDescending: boolean
}

export interface ParameterUse {
  readonly table: TableUse | undefined
  readonly key: Key | undefined
  readonly use: Use | 'limit' | 'offset' | 'any' | 'glue'
}

/** Tells which of the tables in sight has a column that is written without its table. */
export type ColumnsOf = (schema: string | undefined, table: string) => ReadonlySet<string> | undefined

/** @returns undefined for a text that is not one statement of PostgreSQL's grammar */
export function shapeOf(parser: SqlParser, sql: string, columnsOf: ColumnsOf): StatementShape | undefined {
  const [statement, more] = parser.parse(sql) ?? []
  if (statement === undefined || more !== undefined) return undefined
  const reader = new Reader(columnsOf)
  const { type, fields } = nodeOf(statement) ?? { type: '', fields: {} }
  const kind = kinds[type] ?? 'other'
  if (kind === 'select') reader.select(fields, undefined)
  else if (kind !== 'other') reader.change(fields)
  let isReading = kind === 'select'
  const functions = new Set<string>()
  walk(statement, (name, node) => {
    if (name !== 'SelectStmt' && name.endsWith('Stmt')) isReading = false
    if (name === 'LockingClause') isReading = false
    if (name === 'FuncCall') functions.add(namesOf(node['funcname']).at(-1) ?? '')
  })
  // The fields of a SELECT INTO hold no node of their own type.
  if (/"intoClause":/.test(JSON.stringify(statement))) isReading = false
  const sets = listOf(fields['targetList']).map((item) => String(fieldsOf(item, 'ResTarget')?.['name'] ?? ''))
  return {
    kind,
    isReading,
    functions: [...functions],
    tables: reader.tables,
    parameters: reader.parameters,
    sets: kind === 'update' ? sets : [],
  }
}

const kinds: Readonly<Record<string, StatementShape['kind']>> = {
  SelectStmt: 'select',
  InsertStmt: 'insert',
  UpdateStmt: 'update',
  DeleteStmt: 'delete',
}

/** Names in sight at one level of a statement, then those of the level around it. */
interface Scope {
  readonly tables: Map<string, TableUse>
  /** Of WITH and of subqueries in FROM: not tables. */
  readonly others: Set<string>
  readonly outer: Scope | undefined
}

class Reader {
  readonly tables: TableUse[] = []
  readonly parameters: Map<number, ParameterUse> = new Map()
  readonly #columnsOf: ColumnsOf

  constructor(columnsOf: ColumnsOf) {
    this.#columnsOf = columnsOf
  }

  select(fields: Fields, outer: Scope | undefined): void {
    const scope: Scope = { tables: new Map(), others: new Set(), outer }
    this.#with(fields, scope)
    if (fields['op'] !== undefined && fields['op'] !== 'SETOP_NONE') {
      // The arms of a UNION are selects without the wrapping of a node.
      for (const arm of ['larg', 'rarg']) if (fields[arm]) this.select(fields[arm] as Fields, scope)
      return
    }
    const joins: unknown[] = []
    for (const item of listOf(fields['fromClause'])) this.#from(item, scope, joins)
    for (const condition of joins) this.#condition(condition, scope, false)
    this.#condition(fields['whereClause'], scope, false)
    this.#condition(fields['havingClause'], scope, false)
    this.#order(fields, scope)
    this.#readColumns(fields, scope)
    this.#limit(fields)
  }

  /** INSERT ... SELECT, UPDATE, DELETE. */
  change(fields: Fields): void {
    const scope: Scope = { tables: new Map(), others: new Set(), outer: undefined }
    this.#with(fields, scope)
    const query = fieldsOf(fields['selectStmt'], 'SelectStmt')
    if (query !== undefined) {
      if (listOf(query['valuesLists']).length === 0) this.select(query, scope)
      return
    }
    this.#table(fields['relation'] as Fields | undefined, scope)
    const joins: unknown[] = []
    for (const item of [...listOf(fields['fromClause']), ...listOf(fields['usingClause'])])
      this.#from(item, scope, joins)
    for (const condition of [...joins, fields['whereClause']]) this.#condition(condition, scope, false)
    this.#readColumns(fields, scope)
  }

  #with(fields: Fields, scope: Scope): void {
    const clause = fields['withClause'] as Fields | undefined
    for (const item of listOf(clause?.['ctes'])) {
      const cte = fieldsOf(item, 'CommonTableExpr')
      scope.others.add(String(cte?.['ctename']))
      const query = fieldsOf(cte?.['ctequery'], 'SelectStmt')
      if (query !== undefined) this.select(query, scope)
    }
  }

  #from(item: unknown, scope: Scope, joins: unknown[]): void {
    const { type, fields } = nodeOf(item) ?? { type: '', fields: {} }
    if (type === 'RangeVar') this.#table(fields, scope)
    else if (type === 'JoinExpr') {
      this.#from(fields['larg'], scope, joins)
      this.#from(fields['rarg'], scope, joins)
      if (fields['quals'] !== undefined) joins.push(fields['quals'])
      this.#using(namesOf(fields['usingClause']), scope)
    } else if (type === 'RangeSubselect') {
      const alias = (fields['alias'] as Fields | undefined)?.['aliasname']
      if (typeof alias === 'string') scope.others.add(alias)
      const query = fieldsOf(fields['subquery'], 'SelectStmt')
      if (query !== undefined) this.select(query, scope)
    }
  }

  #table(fields: Fields | undefined, scope: Scope): void {
    const name = fields?.['relname']
    if (typeof name !== 'string') return
    const alias = (fields?.['alias'] as Fields | undefined)?.['aliasname']
    const schema = fields?.['schemaname']
    if (schema === undefined && isOther(name, scope)) {
      scope.others.add(String(alias ?? name))
      return
    }
    const use: TableUse = {
      schema: typeof schema === 'string' ? schema : undefined,
      name,
      predicates: [],
      order: [],
      hasLimit: false,
      columns: new Set(),
    }
    scope.tables.set(String(alias ?? name), use)
    this.tables.push(use)
  }

  #using(names: readonly string[], scope: Scope): void {
    for (const name of names)
      for (const table of scope.tables.values())
        if (this.#columnsOf(table.schema, table.name)?.has(name) === true)
          table.predicates.push({ key: columnKey(name), use: 'join', inOr: false })
  }

  #condition(node: unknown, scope: Scope, inOr: boolean): void {
    const { type, fields } = nodeOf(node) ?? { type: '', fields: {} }
    if (type === 'BoolExpr') {
      const isNot = fields['boolop'] === 'NOT_EXPR'
      const [inner] = listOf(fields['args'])
      const key = isNot ? this.#keyOf(inner, scope) : undefined
      if (key !== undefined) key.table.predicates.push({ key: key.key, use: 'false', inOr })
      else if (isNot) this.#subqueries(inner, scope)
      else for (const arg of listOf(fields['args'])) this.#condition(arg, scope, inOr || fields['boolop'] === 'OR_EXPR')
    } else if (type === 'A_Expr') this.#comparison(fields, scope, inOr)
    else if (type === 'NullTest') {
      const use = fields['nulltesttype'] === 'IS_NULL' ? 'is-null' : 'not-null'
      this.#note(this.#keyOf(fields['arg'], scope), use, inOr)
    } else if (type === 'BooleanTest') {
      const isTrue = fields['booltesttype'] === 'IS_TRUE'
      if (isTrue || fields['booltesttype'] === 'IS_FALSE')
        this.#note(this.#keyOf(fields['arg'], scope), isTrue ? 'true' : 'false', inOr)
    } else if (type === 'ColumnRef') this.#note(this.#keyOf(node, scope), 'true', inOr)
    else if (type === 'SubLink') {
      this.#note(this.#keyOf(fields['testexpr'], scope), 'join', inOr)
      this.#subqueries(node, scope)
    } else if (node !== undefined) this.#subqueries(node, scope)
  }

  #comparison(fields: Fields, scope: Scope, inOr: boolean): void {
    const [left, right] = [fields['lexpr'], fields['rexpr']]
    const operator = namesOf(fields['name'])[0] ?? ''
    const kind = String(fields['kind'])
    this.#subqueries(left, scope)
    this.#subqueries(right, scope)
    if (kind === 'AEXPR_OP' && /^(?:=|<|>|<=|>=)$/.test(operator)) {
      const use = operator === '=' ? 'eq' : 'range'
      const [a, b] = [this.#keyOf(left, scope), this.#keyOf(right, scope)]
      if (a !== undefined && b !== undefined && a.table !== b.table) {
        if (use === 'eq') for (const one of [a, b]) this.#note(one, 'join', inOr)
      } else if (a !== undefined && b === undefined) this.#compared(a, right, use, inOr)
      else if (b !== undefined && a === undefined) this.#compared(b, left, use, inOr)
    } else if (kind === 'AEXPR_IN' && operator === '=') this.#compared(this.#keyOf(left, scope), right, 'in', inOr)
    else if (kind === 'AEXPR_OP_ANY' && operator === '=') {
      const key = this.#keyOf(left, scope)
      this.#note(key, 'in', inOr)
      this.#parametersIn(right, key, 'any')
    } else if (kind === 'AEXPR_BETWEEN') {
      const key = this.#keyOf(left, scope)
      this.#note(key, 'range', inOr)
      for (const bound of listOf(fieldsOf(right, 'List')?.['items'])) this.#parametersIn(bound, key, 'range')
    } else if ((kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE') && !operator.startsWith('!')) {
      const key = this.#keyOf(left, scope)
      const use = kind === 'AEXPR_ILIKE' ? 'contains' : patternOf(right)
      this.#note(key, use, inOr)
      this.#parametersIn(right, key, hasGlue(right) ? 'glue' : use)
    }
  }

  #compared(key: Found | undefined, other: unknown, use: Use, inOr: boolean): void {
    this.#note(key, use, inOr)
    this.#parametersIn(other, key, use)
  }

  #note(found: Found | undefined, use: Use, inOr: boolean): void {
    if (found !== undefined) found.table.predicates.push({ key: found.key, use, inOr })
  }

  #parametersIn(node: unknown, found: Found | undefined, use: ParameterUse['use']): void {
    // In `$1 + $2` the first is a value of the column and the second a distance from it.
    let isFirst = true
    walk([node], (type, fields) => {
      const number = fields['number']
      if (type !== 'ParamRef' || typeof number !== 'number') return
      const isValue = isFirst || use === 'in' || use === 'glue'
      isFirst = false
      if (!this.parameters.has(number))
        this.parameters.set(number, { table: found?.table, key: isValue ? found?.key : undefined, use })
    })
  }

  /** Subqueries in expressions see the names around them. */
  #subqueries(node: unknown, scope: Scope): void {
    const { type, fields } = nodeOf(node) ?? { type: '', fields: {} }
    if (type === 'SubLink') {
      const query = fieldsOf(fields['subselect'], 'SelectStmt')
      if (query !== undefined) this.select(query, scope)
      this.#subqueries(fields['testexpr'], scope)
    } else if (type !== 'SelectStmt')
      for (const value of Object.values(fields))
        for (const item of Array.isArray(value) ? value : [value]) if (nodeOf(item)) this.#subqueries(item, scope)
  }

  #order(fields: Fields, scope: Scope): void {
    const keys: (Found & { readonly isDescending: boolean })[] = []
    const outputs = listOf(fields['targetList']).map((item) => fieldsOf(item, 'ResTarget') ?? {})
    const sorted = listOf(fields['sortClause'])
    for (const item of sorted) {
      const sort = fieldsOf(item, 'SortBy') ?? {}
      const found = this.#keyOf(meant(sort['node'], outputs), scope)
      if (found === undefined) return
      keys.push({ ...found, isDescending: sort['sortby_dir'] === 'SORTBY_DESC' })
    }
    const [first] = keys
    if (first === undefined || keys.some(({ table }) => table !== first.table) || fields['groupClause']) return
    first.table.order = keys.map(({ key, isDescending }) => ({ key, isDescending }))
    first.table.hasLimit = fields['limitCount'] !== undefined
  }

  #limit(fields: Fields): void {
    this.#parametersIn(fields['limitCount'], undefined, 'limit')
    this.#parametersIn(fields['limitOffset'], undefined, 'offset')
  }

  #readColumns(fields: Fields, scope: Scope): void {
    walk(fields, (type, node) => {
      if (type !== 'ColumnRef') return
      const names = namesOf(node['fields'])
      if (names.at(-1) === '*') {
        const only = names.length > 1 ? scope.tables.get(names.at(-2) ?? '') : undefined
        for (const table of only === undefined ? scope.tables.values() : [only]) table.columns.add('*')
        return
      }
      this.#columnOf(names, scope)?.table.columns.add(names.at(-1) ?? '')
    })
    // `count(*)` has no ColumnRef; a select of nothing but keys stays so.
    for (const item of listOf(fields['targetList'])) this.#subqueries(fieldsOf(item, 'ResTarget')?.['val'], scope)
  }

  #columnOf(names: readonly string[], scope: Scope | undefined): Found | undefined {
    const column = names.at(-1) ?? ''
    for (let at = scope; at !== undefined; at = at.outer) {
      if (names.length > 1) {
        const alias = names.at(-2) ?? ''
        const table = at.tables.get(alias)
        if (table !== undefined) return { table, key: columnKey(column) }
        if (at.others.has(alias)) return undefined
        continue
      }
      const having = [...at.tables.values()].filter(
        (table) => this.#columnsOf(table.schema, table.name)?.has(column) === true,
      )
      if (having[0] !== undefined) return { table: having[0], key: columnKey(column) }
    }
    return undefined
  }

  /** A column or an expression over columns of one table; undefined for anything else. */
  #keyOf(node: unknown, scope: Scope): Found | undefined {
    const { type, fields } = nodeOf(node) ?? { type: '', fields: {} }
    if (type === 'ColumnRef') return this.#columnOf(namesOf(fields['fields']), scope)
    if (type !== 'FuncCall' && type !== 'TypeCast' && type !== 'A_Expr') return undefined
    const columns: Found[] = []
    let isPlain = true
    walk([node], (inner, innerFields) => {
      if (inner === 'ParamRef' || inner === 'SubLink') isPlain = false
      if (inner !== 'ColumnRef') return
      const found = this.#columnOf(namesOf(innerFields['fields']), scope)
      if (found === undefined) isPlain = false
      else columns.push(found)
    })
    const [first] = columns
    const text = expressionText(node)
    if (!isPlain || first === undefined || text === undefined) return undefined
    if (columns.some(({ table }) => table !== first.table)) return undefined
    // A bare call stands in an index without brackets of its own.
    const wrapped = type === 'FuncCall' ? text : text.startsWith('((') ? text : `(${text})`
    return { table: first.table, key: { text: wrapped, column: first.key.column, isExpression: true } }
  }
}

interface Found {
  readonly table: TableUse
  readonly key: Key
}

export function columnKey(column: string): Key {
  return { text: ident(column), column, isExpression: false }
}

function isOther(name: string, scope: Scope | undefined): boolean {
  for (let at = scope; at !== undefined; at = at.outer) if (at.others.has(name)) return true
  return false
}

/** `order by 2` and `order by total` mean an item of the select list. */
function meant(node: unknown, outputs: readonly Fields[]): unknown {
  const position = (fieldsOf(node, 'A_Const')?.['ival'] as Fields | undefined)?.['ival']
  if (typeof position === 'number') return outputs[position - 1]?.['val']
  const names = namesOf(fieldsOf(node, 'ColumnRef')?.['fields'])
  const named = names.length === 1 ? outputs.find((output) => output['name'] === names[0]) : undefined
  return named?.['val'] ?? node
}

/** What a pattern begins with, where the statement shows it. */
function patternOf(node: unknown): Use {
  const parts = glued(node)
  const text = (fieldsOf(parts[0], 'A_Const')?.['sval'] as Fields | undefined)?.['sval']
  if (typeof text === 'string') return /^[%_]/.test(text) ? 'contains' : 'prefix'
  // Statistics replace literals: three parts are `'%' || x || '%'`, as good as always.
  return parts.length >= 3 ? 'contains' : 'pattern'
}

function hasGlue(node: unknown): boolean {
  return glued(node).length > 1
}

/** The parts of `a || b || c`. */
function glued(node: unknown): readonly unknown[] {
  const cast = fieldsOf(node, 'TypeCast')
  if (cast !== undefined) return glued(cast['arg'])
  const operation = fieldsOf(node, 'A_Expr')
  return operation !== undefined && namesOf(operation['name'])[0] === '||'
    ? [...glued(operation['lexpr']), ...glued(operation['rexpr'])]
    : [node]
}
