/** Whole scripts, as people write them: compiled and as written they do the same to the outside, call by call. */
import { describe, expect, it } from 'vitest'
import { differential } from './testing/differential.js'

const asyncFunctions = (code: string): number => code.split('async/*pw*/').length - 1
/** The person's part of the compiled code, without the helpers before it. */
const body = (code: string, from: string): string =>
  code.slice(code.indexOf(from), code.indexOf('//# sourceMappingURL'))

async function same(source: string): Promise<string> {
  const { reference, compiled, script } = await differential(source)
  expect(compiled).toEqual(reference)
  return body(script.code, 'const mark')
}

describe('a script that gets and checks', () => {
  const source = `import http from 'k6/http'
import { check, sleep } from 'k6'
const mark = 1
export default function () {
  const r = http.get('http://x/')
  check(r, { 'is 200': (r) => r.status === 200, 'has a body': (r) => r.body.length > 0 })
}`

  it('has one async function with one await, and does not await its check', async () => {
    const code = await same(source)
    expect(asyncFunctions(code)).toBe(1)
    expect(code.match(/\bawait\b/g)).toHaveLength(1)
  })
})

describe('what does not block stays as it is', () => {
  const untouched: Readonly<Record<string, string>> = {
    'Map.get beside a class whose get blocks': `class Api { get(u) { return http.get(u) } }
const map = new Map([['k', 1]])
const read = (k) => map.get(k)
export default function () { console.log(read('k')); new Api().get('/a') }`,
    'handlers of a stream made with a client that blocks': `const client = new grpc.Client()
export default function () { client.connect('x'); const s = new grpc.Stream(client, 'm'); s.on('data', (d) => console.log(d)); s.write({ a: 1 }) }`,
    'joining a list of whatever a response may hold': `const print = (v) => Object.entries(v).flat().join(' ').length > 0
export default function () { console.log(print(http.get('/p'))) }`,
    'headers.get beside http.get': `const headers = { get: (n) => n + '!' }
export default function () { console.log(headers.get('a')); http.get('/b') }`,
  }
  for (const [name, source] of Object.entries(untouched)) {
    it(name, async () => {
      const code = await same(`import http from 'k6/http'\nimport grpc from 'k6/net/grpc'\nconst mark = 1\n${source}`)
      // The exported function and at most the one method that does block.
      expect(asyncFunctions(code)).toBe(source.includes('class Api') ? 2 : 1)
    })
  }
})

describe('functions that travel', () => {
  const cases: Readonly<Record<string, string>> = {
    'through a parameter into a group': `const describe = (name, fn) => { let ok = true; group(name, () => { try { fn() } catch (e) { ok = false; console.log(e.message) } }); return ok }
export default function () { describe('a', () => { http.get('/a'); throw new Error('no') }); describe('b', () => http.batch(['/1', '/2'])) }`,
    'through a registry of steps': `const steps = []; const step = (name, fn) => steps.push({ name, fn })
step('one', () => http.get('/1')); step('two', function () { sleep(2) })
export default function () { for (const { name, fn } of steps) console.log(name, typeof fn()) }`,
    'through a builder with chained methods': `class Flow { constructor() { this.list = [] } add(f) { this.list.push(f); return this } run() { return this.list.reduce((n, f) => n + f(n), 0) } }
export default function () { console.log(new Flow().add(() => http.get('/1').status).add((n) => (sleep(n), 1)).run()) }`,
    'through a decorator of an object': `const traced = (o) => Object.fromEntries(Object.entries(o).map(([k, f]) => [k, (...a) => { console.log('>', k); try { return f(...a) } finally { console.log('<', k) } }]))
const api = traced({ list: () => http.get('/l').status, nothing: () => 5 })
export default function () { console.log(api.list() + api.nothing()) }`,
    'through modules in one file, as webpack makes them': `var modules = { 1: function (module, exports, req) { exports.get = function (u) { return req(2).http.get(u) } }, 2: function (module, exports) { exports.http = http } }
var cache = {}; function req(id) { if (cache[id]) return cache[id].exports; var m = (cache[id] = { exports: {} }); modules[id].call(m.exports, m, m.exports, req); return m.exports }
export default function () { console.log(req(1).get('/w').status) }`,
    'through timers and promises': `export default async function () { setTimeout(() => { sleep(1); console.log('timer') }, 10); await new Promise((r) => setTimeout(r, 5)); console.log(http.get('/x').status) }`,
    'through setup, other scenarios and teardown': `export function setup() { return { token: http.post('/login').status } }
export function other() { sleep(1) }
export default function (data) { console.log(data.token); http.get('/' + data.token) }
export function teardown(data) { http.del('/' + data.token) }`,
  }
  for (const [name, source] of Object.entries(cases)) {
    it(name, async () => {
      await same(`import http from 'k6/http'\nimport { sleep, group, check } from 'k6'\nconst mark = 1\n${source}`)
    })
  }
})
