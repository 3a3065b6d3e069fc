import { beforeAll, describe, expect, it } from 'vitest'
import { type StatementShape, shapeOf } from './shape.js'
import { loadParser, type SqlParser } from './tree.js'

const columns: Readonly<Record<string, readonly string[]>> = {
  orders: ['id', 'customer_id', 'status', 'created_at', 'paid', 'note'],
  customers: ['id', 'email', 'name'],
}

describe('the shape of a statement', () => {
  let parser: SqlParser
  beforeAll(async () => {
    parser = await loadParser()
  })
  const shape = (sql: string): StatementShape => {
    const found = shapeOf(parser, sql, (_schema, name) =>
      columns[name] === undefined ? undefined : new Set(columns[name]),
    )
    if (found === undefined) throw new Error(`not read: ${sql}`)
    return found
  }
  const uses = (sql: string): string[] =>
    shape(sql).tables.flatMap(({ name, predicates }) => predicates.map(({ key, use }) => `${name} ${use} ${key.text}`))

  it('has equality, ranges, lists, patterns and null tests by table, with or without its name', () => {
    expect(
      uses(`select 1 from orders o where customer_id = $1 and o.status in ('a', $2) and created_at >= $3 and paid
        and note is null and id = any($4)`),
    ).toEqual([
      'orders eq customer_id',
      'orders in status',
      'orders range created_at',
      'orders true paid',
      'orders is-null note',
      'orders in id',
    ])
  })

  it('has a join on both sides, in ON, WHERE, USING and correlated subqueries', () => {
    expect(uses('select 1 from orders o join customers c on c.id = o.customer_id')).toEqual([
      'orders join customer_id',
      'customers join id',
    ])
    expect(uses('select 1 from orders join customers using (id)')).toEqual(['orders join id', 'customers join id'])
    expect(
      uses('select 1 from customers c where exists (select 1 from orders o where o.customer_id = c.id)'),
    ).toContain('orders join customer_id')
  })

  it('keeps a function and a cast on a column as the key that an index would need', () => {
    expect(uses('select 1 from customers where lower(email) = $1 and id::text = $2')).toEqual([
      'customers eq lower(email)',
      'customers eq ((id)::text)',
    ])
  })

  it('tells patterns by how they begin', () => {
    expect(uses("select 1 from customers where name like 'a%' and email like '%a'")).toEqual([
      'customers prefix name',
      'customers contains email',
    ])
    expect(uses('select 1 from customers where name like $1 and email like $2 || $3 || $4')).toEqual([
      'customers pattern name',
      'customers contains email',
    ])
  })

  it('has the ordering with its limit, through an alias and a position', () => {
    const [table] = shape(
      'select id, created_at as at from orders where customer_id = $1 order by at desc, 1 limit 5',
    ).tables
    expect(table?.order).toMatchObject([
      { key: { text: 'created_at' }, isDescending: true },
      { key: { text: 'id' }, isDescending: false },
    ])
    expect(table?.hasLimit).toBe(true)
  })

  it('takes names of WITH for no tables', () => {
    expect(shape('with recent as (select * from orders) select * from recent where id = 1').tables).toHaveLength(1)
  })

  it('knows what each parameter is compared with, and which is only a distance', () => {
    const { parameters } = shape('select 1 from orders where id between $1 and $2 + $3 and status = $4 limit $5')
    expect([...parameters].map(([n, { use, key }]) => `${n} ${use} ${key?.text}`)).toEqual([
      '1 range id',
      '2 range id',
      '3 range undefined',
      '4 eq status',
      '5 limit undefined',
    ])
  })

  it.each([
    ['select 1 from orders', true],
    ['select 1 from orders for update', false],
    ['select * into copy from orders', false],
    ['with gone as (delete from orders returning id) select * from gone', false],
    ['update orders set paid = true', false],
    ['insert into orders select * from orders', false],
    ['select \'"intoClause":\' from orders', true],
  ])('%s reads only: %s', (sql, isReading) => {
    expect(shape(sql).isReading).toBe(isReading)
  })

  it('answers nothing for what is no statement, is two, or nests without end', () => {
    for (const sql of [
      'select from where',
      'select 1; select 2',
      `select ${'('.repeat(5000)}1`,
      '',
      `select '${'x'.repeat(200_000)}'`,
    ])
      expect(shapeOf(parser, sql, () => undefined)).toBeUndefined()
  })
})
