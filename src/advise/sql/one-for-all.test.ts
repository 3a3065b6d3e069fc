import { describe, expect, it } from 'vitest'
import { oneForAll } from './one-for-all.js'

const rewrite = (texts: readonly string[], params: readonly (readonly string[])[] = texts.map(() => [])) =>
  oneForAll(
    texts.map((text, i) => ({ text, params: params[i] ?? [] })),
    'postgres',
  )

describe('one statement for all keys', () => {
  it('compares with a list, adds the column by which answers are told apart, and keeps other parameters', () => {
    const text = 'select name from lines l where l.kind = $1 and l.order_id = $2 order by name'
    const found = rewrite(
      [text, text],
      [
        ['a', '1'],
        ['a', '2'],
      ],
    )
    expect(found?.sql).toBe(
      'select l.order_id, name from lines l where l.kind = $1 and l.order_id = any($2) order by name',
    )
    expect(found?.params).toEqual(['a', ['1', '2']])
  })

  it('reads literals as drivers write them into the text', () => {
    const found = rewrite(["select * from t where a = 'x' and id = 4", "select * from t where a = 'x' and id = 5 "])
    expect(found?.sql).toBe("select * from t where a = 'x' and id = any($1)")
    expect(found?.params).toEqual([['4', '5']])
    expect(found?.isToOne).toBe(true)
  })

  it('groups an aggregate by the key, and drops the limit of one row', () => {
    const text = 'SELECT count(*) FROM lines WHERE order_id = $1'
    expect(rewrite([text, text], [['1'], ['2']])?.sql).toBe(
      'SELECT order_id, count(*) FROM lines WHERE order_id = any($1) group by order_id',
    )
    const first = 'SELECT "id", "name" FROM "user" WHERE "id" IN ($1) LIMIT 1'
    expect(rewrite([first, first], [['1'], ['2']])?.sql).toBe('SELECT "id", "name" FROM "user" WHERE "id" = any($1)')
  })

  it('asks for the first few of each key by a lateral join', () => {
    const text = 'select id from lines where order_id = $1 order by id desc limit 3'
    expect(rewrite([text, text], [['1'], ['2']])?.sql).toBe(
      'select k.key, each.* from unnest($1::bigint[]) with ordinality as k(key, n) cross join lateral (select id from lines where order_id = k.key order by id desc limit 3) each order by k.n',
    )
  })

  it('says nothing where rows of one key could be those of another, or more than one value differs', () => {
    const or = 'select * from t where a = $1 or b = 2'
    expect(rewrite([or, or], [['1'], ['2']])).toBeUndefined()
    const range = 'select * from t where a > $1'
    expect(rewrite([range, range], [['1'], ['2']])).toBeUndefined()
    const two = 'select * from t where a = $1 and b = $2'
    expect(
      rewrite(
        [two, two],
        [
          ['1', '1'],
          ['2', '2'],
        ],
      ),
    ).toBeUndefined()
    const write = 'update t set a = 1 where id = $1'
    expect(rewrite([write, write], [['1'], ['2']])).toBeUndefined()
  })
})
