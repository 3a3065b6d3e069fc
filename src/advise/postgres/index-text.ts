/** The words of DDL that make and drop an index without holding up writes. */
import { ident } from './sql/print.js'
import { definitionText, type IndexDefinition } from './what-if.js'

/** As PostgreSQL itself would call it, so that a migration tool finds what it expects; at most 63 bytes. */
export function indexName({ table, keys, include, where, taken }: IndexDefinition): string {
  const words = [table.split('.').at(-1) ?? table, ...keys, ...include]
    .map((word) =>
      word
        .replace(/ (?:\w+_ops|desc)$/, '')
        .replace(/::[\w ]+/g, '')
        .toLowerCase()
        .replace(/\W+/g, '_')
        .replace(/^_+|_+$/g, ''),
    )
    .filter((word) => word !== '')
  const tail = where === undefined ? '_idx' : '_part_idx'
  const name = `${words.join('_').slice(0, 60 - tail.length)}${tail}`
  for (let i = 1; ; i++) {
    const free = i === 1 ? name : `${name}${i}`
    if (!taken.includes(free)) return free
  }
}

export function createText(definition: IndexDefinition): string {
  return `CREATE INDEX CONCURRENTLY ${ident(indexName(definition))} ${definitionText(definition)};`
}

export function dropText(definition: IndexDefinition): string {
  const [schema] = definition.table.includes('.') ? definition.table.split('.') : []
  const name = ident(indexName(definition))
  return `DROP INDEX CONCURRENTLY ${schema === undefined ? name : `${schema}.${name}`};`
}
