import { expect, it } from 'vitest'
import { csvFiles, Inputs } from './inputs.js'
import type { Place } from './targets.js'

const place = (path: string): Place =>
  ({ text: `http://shop:80${path}`, name: `http://shop:80${path}`, target: { host: 'shop', port: 80 } }) as Place

it('counts different requests behind a name, by URL and body, and each of them once', () => {
  const inputs = new Inputs()
  const places = Array.from({ length: 5 }, (_, i) => place(`/products/${i}`))
  for (let i = 0; i < 100; i++) inputs.note(places[i % 5] as Place, 'GET', 'GET /products/:id', undefined)
  const login = place('/login')
  for (let i = 0; i < 30; i++) inputs.note(login, 'POST', 'login', `{"user":${i % 3}}`)
  const rows = inputs.take().map(({ endpoint, host, requests, fresh }) => [endpoint, host, requests, fresh.length])
  expect(rows).toEqual([
    ['GET /products/:id', 'shop:80', 100, 5],
    ['POST login', 'shop:80', 30, 3],
  ])
  inputs.note(places[0] as Place, 'GET', 'GET /products/:id', undefined)
  expect(inputs.take().map(({ requests, fresh }) => [requests, fresh.length])).toEqual([[1, 0]])
  expect(inputs.take()).toEqual([])
})

it('puts URLs without a name together by their template, and keeps methods and names apart', () => {
  const inputs = new Inputs()
  for (let i = 0; i < 10; i++) inputs.note(place(`/orders/${i}`), 'GET', '', undefined)
  const one = place('/x')
  inputs.note(one, 'GET', 'a', undefined)
  inputs.note(one, 'GET', 'b', undefined)
  inputs.note(one, 'PUT', 'a', undefined)
  expect(inputs.take().map(({ endpoint, fresh }) => [endpoint, fresh.length])).toEqual([
    ['GET http://shop:80/orders/{id}', 10],
    ['GET a', 1],
    ['GET b', 1],
    ['PUT a', 1],
  ])
})

it('stops at some thousands, in endpoints and in requests of one', () => {
  const inputs = new Inputs()
  for (let i = 0; i < 5000; i++) inputs.note(place(`/p/${i}`), 'GET', 'GET /p', undefined)
  for (let i = 0; i < 1000; i++) inputs.note(place('/q'), 'GET', `name ${i}`, undefined)
  const rows = inputs.take()
  expect(rows[0]?.fresh).toHaveLength(2000)
  expect(rows).toHaveLength(300)
})

it('counts the rows of CSV files without their header, with and without a last line break', () => {
  const file = (text: string): Uint8Array => Buffer.from(text)
  const store = new Map<string, unknown>([
    ['file:file:///a/users%20a.csv', file('id\n1\n2\n')],
    ['file:file:///a/b.CSV', file('id\n1')],
    ['file:file:///a/empty.csv', file('')],
    ['file:file:///a/note.txt', file('x\n')],
    ['other', 1],
  ])
  expect(csvFiles(store)).toEqual([
    { file: 'users a.csv', rows: 2 },
    { file: 'b.CSV', rows: 1 },
    { file: 'empty.csv', rows: 0 },
  ])
})
