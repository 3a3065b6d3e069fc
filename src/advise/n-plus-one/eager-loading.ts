/** How each library loads the children of all parents at once. Names are made from the tables; a person fits them. */
import type { Change } from '#record/index.js'
import type { Language, TargetFacts } from '../target/facts.js'

export interface Relation {
  readonly parentTable: string | undefined
  readonly childTable: string
  /** Column of the child by which it is looked up. */
  readonly key: string
  readonly isToOne: boolean
  /** One statement for all; undefined where the form was not understood. */
  readonly sql: string | undefined
  readonly dialect: 'postgres' | 'mysql'
}

export function eagerLoading({ orm, language }: TargetFacts, relation: Relation): Change[] {
  const statement: Change[] =
    relation.sql === undefined ? [] : [{ form: 'statement', language: 'sql', text: relation.sql }]
  const code = orm === 'none' ? plain(language, relation) : ormText(orm, relation)
  return code === undefined ? statement : [...statement, { form: 'code', ...code }]
}

function ormText(orm: string, { parentTable, childTable, isToOne }: Relation): { language: string; text: string } {
  const parent = parentTable ?? 'parents'
  const model = pascal(singular(parent))
  const child = pascal(singular(childTable))
  const field = camel(isToOne ? singular(childTable) : childTable)
  const snake = isToOne ? singular(childTable) : childTable
  switch (orm) {
    case 'prisma':
      return {
        language: 'javascript',
        text: `await prisma.${camel(singular(parent))}.findMany({\n  where,\n  include: { ${field}: true },\n})`,
      }
    case 'drizzle':
      return {
        language: 'javascript',
        text: `await db.query.${camel(parent)}.findMany({\n  where,\n  with: { ${field}: true },\n})`,
      }
    case 'sequelize':
      return {
        language: 'javascript',
        text: `await ${model}.findAll({\n  where,\n  include: [{ model: ${child}${isToOne ? '' : ', separate: true'} }],\n})`,
      }
    case 'typeorm':
      return {
        language: 'javascript',
        text: `await ${camel(singular(parent))}Repository.find({\n  where,\n  relations: { ${field}: true },${isToOne ? '' : "\n  relationLoadStrategy: 'query',"}\n})`,
      }
    case 'django':
      return {
        language: 'python',
        text: isToOne
          ? `${model}.objects.filter(...).select_related("${snake}")`
          : `${model}.objects.filter(...).prefetch_related("${snake}")  # without related_name: "${singular(childTable)}_set"`,
      }
    case 'sqlalchemy':
      return {
        language: 'python',
        text: `from sqlalchemy.orm import ${isToOne ? 'joinedload' : 'selectinload'}\n\nsession.scalars(select(${model}).where(...).options(${isToOne ? 'joinedload' : 'selectinload'}(${model}.${snake})))`,
      }
    default:
      return {
        language: 'go',
        text: `db.Where(...).Preload("${pascal(isToOne ? singular(childTable) : childTable)}").Find(&${camel(parent)})`,
      }
  }
}

function plain(
  language: Language,
  { parentTable, childTable, key, isToOne, sql, dialect }: Relation,
): { language: string; text: string } | undefined {
  if (sql === undefined) return undefined
  const list = camel(parentTable ?? 'parents')
  const item = camel(singular(parentTable ?? 'parents'))
  const column = (key.split('.').at(-1) ?? key).replaceAll(/["`]/g, '')
  // Of a child that is looked up by its own id, the parent holds the reference.
  const own = isToOne ? `${singular(childTable)}_id` : 'id'
  const children = camel(isToOne ? singular(childTable) : childTable)
  const Children = pascal(isToOne ? singular(childTable) : childTable)
  const inner = sql.replaceAll('`', '\\`')
  switch (language) {
    case 'javascript':
      return {
        language: 'javascript',
        text: [
          `const keys = ${list}.map((${item}) => ${item}.${own})`,
          dialect === 'postgres'
            ? `const { rows } = await pool.query(\`${inner}\`, [keys])`
            : `const [rows] = await pool.query(\`${inner}\`, [keys])`,
          isToOne
            ? `const ${children}ById = new Map(rows.map((row) => [row.${column}, row]))`
            : `const ${children}ByKey = new Map()\nfor (const row of rows) ${children}ByKey.set(row.${column}, [...(${children}ByKey.get(row.${column}) ?? []), row])`,
        ].join('\n'),
      }
    case 'python':
      return {
        language: 'python',
        text: [
          `keys = [${item}["${own}"] for ${item} in ${list}]`,
          `cursor.execute("""${sql.replace(/\$\d+/, '%s').replace('(?)', 'any(%s)')}""", (keys,))`,
          `${snakeCase(children)}_by_key = {}`,
          `for row in cursor.fetchall():\n    ${snakeCase(children)}_by_key.setdefault(row["${column}"], []).append(row)`,
        ].join('\n'),
      }
    case 'go':
      return {
        language: 'go',
        text: [
          `rows, err := pool.Query(ctx, \`${sql}\`, keys) // with database/sql and lib/pq: pq.Array(keys)`,
          `// group the rows of ${Children} by ${column}, then give each ${item} its own`,
        ].join('\n'),
      }
    default:
      return undefined
  }
}

export function singular(table: string): string {
  if (/ies$/i.test(table)) return table.replace(/ies$/i, 'y')
  if (/(ss|x|ch|sh)es$/i.test(table)) return table.replace(/es$/i, '')
  return /[^s]s$/i.test(table) ? table.slice(0, -1) : table
}

function pascal(name: string): string {
  return name.replace(/(?:^|[_\W]+)(\w)/g, (_whole, letter: string) => letter.toUpperCase())
}

function camel(name: string): string {
  const text = pascal(name)
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
