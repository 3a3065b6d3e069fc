import { describe, expect, it } from 'vitest'
import { byKeyset, byOffset, offsetOf, pagedStatement, shownKeyset } from './keyset.js'

describe('OFFSET', () => {
  it('is read from literals, parameters and the form of MySQL', () => {
    expect(offsetOf('select * from t order by id limit 20 offset 400', [])).toEqual({ offset: 400, limit: 20 })
    expect(offsetOf('select * from t order by id offset $2 limit $1', ['20', '400'])).toEqual({
      offset: 400,
      limit: 20,
    })
    expect(offsetOf('select * from t order by id limit ?, ?', ['400', '20'])).toEqual({ offset: 400, limit: 20 })
    expect(offsetOf('select * from (select * from t limit 5 offset 9) x', [])).toBeUndefined()
  })
})

describe('the page by key', () => {
  const page = pagedStatement(
    'select p.name from products p where p.kind = $3 order by p.price desc, p.name limit $1 offset $2',
    ['20', '400', 'book'],
  )

  it('compares rows where all columns go one way, else column by column, and numbers its parameters anew', () => {
    const keys = [
      { column: 'p.price', isDescending: true },
      { column: 'p.id', isDescending: true },
    ]
    if (page === undefined) throw new Error('not read')
    expect(byKeyset(page, keys, ['5', '17'], 'postgres')).toEqual({
      sql: 'select p.name, p.price, p.id from products p where (p.kind = $1) and (p.price, p.id) < ($2, $3) order by p.price desc, p.id desc limit 20',
      params: ['book', '5', '17'],
    })
    const mixed = [...page.order, { column: 'p.id', isDescending: false }]
    expect(byKeyset(page, mixed, ['5', 'x', '17'], 'mysql').sql).toContain(
      'and ((p.price < ?) or (p.price = ? and p.name > ?) or (p.price = ? and p.name = ? and p.id > ?)) order by p.price desc, p.name, p.id limit 20',
    )
    expect(byOffset(page, keys, 400, 'postgres').sql).toMatch(/order by p.price desc, p.id desc limit 20 offset 400$/)
    expect(shownKeyset(page, [{ column: 'p.name', isDescending: false }], 'postgres')).toMatch(/^select p.name from/)
  })

  it('is not written where the order is an expression, or rows are grouped', () => {
    expect(pagedStatement('select a from t order by lower(a) limit 2 offset 4', [])).toBeUndefined()
    expect(pagedStatement('select a from t group by a order by a limit 2 offset 4', [])).toBeUndefined()
    expect(pagedStatement('select a from t limit 2 offset 4', [])).toBeUndefined()
  })
})
