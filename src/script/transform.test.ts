import { describe, expect, it } from 'vitest'
import { runBothWays } from './testing/both-ways.js'

const prefix = `import http from 'k6/http'\nimport { sleep, group, check, fail } from 'k6'\nconst show = (...args) => console.log(...args)\n`

/** The compiled script does what the script does, and blocks somewhere, so that the comparison says something. */
async function same(source: string): Promise<void> {
  const { asWritten, compiled, script } = await runBothWays(prefix + source)
  expect(
    { trace: compiled.trace, outcome: compiled.outcome },
    script.code.slice(script.code.indexOf('const show'), script.code.indexOf('//# source')),
  ).toEqual(asWritten)
  expect(asWritten.trace.length).toBeGreaterThan(0)
}

const cases: Readonly<Record<string, string>> = {
  'a blocking call': `export default function () { const r = http.get('/a'); show(r.status, r.body) }`,
  'a call through three functions': `function a() { return b() }\nfunction b() { return c() + 1 }\nfunction c() { return http.get('/c').status }\nexport default () => show(a())`,
  'arrow functions with expression bodies': `const get = (u) => http.get(u).body\nexport default () => show(get('/x'))`,
  'an arrow function with one bare parameter': `const get = u => http.get(u).body\nexport default () => show(get('/x'))`,
  'methods, static methods and computed ones': `const k = 'go'\nclass A { get(u) { return http.get(u).body } static s(u) { return new A().get(u) } [k](u) { return this.get(u) } static async t() { return 1 } }\nexport default function () { show(A.s('/1'), new A().go('/2')) }`,
  'object methods and this': `const api = { base: '/b', get(u) { return http.get(this.base + u).body }, put: function (u) { return http.put(this.base + u).body } }\nexport default function () { show(api.get('/1'), api.put('/2')) }`,
  'super calls': `class A { get(u) { return http.get(u).body } }\nclass B extends A { get(u) { return super.get(u) + '!' } }\nexport default function () { show(new B().get('/s')) }`,
  'evaluation order of operands': `const id = (v) => (show('id', v), v)\nexport default function () { show(id(1) + http.get('/a').status + id(2), [id(3), http.get('/b').status, id(4)], { a: id(5), b: http.get('/c').status, c: id(6) }) }`,
  'compound assignment reads first': `export default function () { let n = 1; const bump = () => { n = 10; return http.get('/n').status }; n += bump(); show(n) }`,
  'short circuits': `const get = (u) => http.get(u).status\nexport default function () { false && get('/no'); true || get('/no'); null ?? get('/yes'); let x; x ??= get('/x'); x ||= get('/no'); x &&= get('/and'); show(x) }`,
  conditionals: `export default function () { show(http.get('/t').status === 200 ? http.get('/yes').body : http.get('/no').body) }`,
  'an optional chain cut short': `const client = { get: (u) => http.get(u) }\nexport default function () { let none; show(none?.get('/no').body, client?.get('/yes').body, client.nope?.('/no'), client.get?.('/y2').body.length, none?.a.b.get(http.get('/no'))) }`,
  'an optional call keeps its this': `const o = { u: '/this', get() { return http.get(this.u).body } }\nexport default function () { show(o?.get?.(), o.get?.().length, o?.['get']().length) }`,
  'a nullish result in the middle of a chain throws': `const o = { get() { http.get('/x'); return undefined } }\nexport default function () { try { show(o?.get().body) } catch (e) { show(e instanceof TypeError) } }`,
  'statements without semicolons that begin with a call': `export default function () {\n  const a = 1\n  http.get('/a').json()\n  let b = a\n  http.get('/b')\n  const f = show\n  http.get('/c').status\n  f(b)\n}`,
  'a bare if and else body': `export default function () {\n  if (__VU)\n    http.get('/a').json()\n  else\n    http.get('/b').json()\n  for (let i = 0; i < 2; i++) http.get('/l' + i).json()\n  do http.get('/d').json(); while (false)\n}`,
  'arrays of callbacks': `export default function () { show([1, 2, 3].map((n) => http.get('/' + n).status + n)); [4, 5].forEach((n, i, all) => show(http.get('/' + n + i + all.length).body)) }`,
  'filter, find, some, every, reduce': `const ok = (n) => http.get('/' + n).status === 200 && n > 1\nexport default function () { const a = [1, 2, , 3]; show(a.filter(ok), a.find(ok), a.findIndex(ok), a.some(ok), a.every(ok), a.reduce((s, n) => s + http.get('/' + n).status, 0), a.reduceRight((s, n) => s + http.get('/' + n).status + n), a.flatMap((n) => [n, http.get('/' + n).status]), a.findLast(ok), a.findLastIndex(ok)) }`,
  'map over holes and with a this': `export default function () { show([1, , 3].map(function (n) { return http.get(this.base + n).body }, { base: '/t' })) }`,
  'Array.from, Map and Set forEach': `export default function () { show(Array.from({ length: 3 }, (_, i) => http.get('/' + i).status)); new Map([[1, 'a']]).forEach((v, k) => show(v, k, http.get(v).body)); new Set(['x']).forEach((v) => show(http.get(v).body)) }`,
  'replace with a function': `export default function () { show('a-b-c'.replace(/[a-c]/g, (m, at) => http.get('/' + m).status + at), 'x'.replace('x', () => http.get('/x').body), 'aa'.replaceAll('a', () => '$&' + http.get('/').status)) }`,
  'a JSON reviver': `export default function () { show(JSON.parse('{"a":[1,2],"b":3}', (k, v) => typeof v === 'number' ? http.get('/' + k).status + v : v)) }`,
  'sort with a comparator that blocks': `export default function () { show([2, 1].sort((a, b) => { http.get('/sort'); return a - b })) }`,
  'Array.prototype.forEach.call': `export default function () { Array.prototype.forEach.call([1, 2], (n) => show(http.get('/' + n).body)) }`,
  'call, apply and bind': `function get(u) { return this.base + http.get(u).body }\nexport default function () { const self = { base: '>' }; show(get.call(self, '/c'), get.apply(self, ['/a']), get.bind(self)('/b'), get.bind(self, '/b2')()) }`,
  'http.get passed as a value': `const call = (f, u) => f(u).body\nexport default function () { const { get, post: p } = http; show(call(http.get, '/v'), get('/g').body, p('/p').body, ['/1', '/2'].map(http.get).length) }`,
  'methods chosen by a computed name': `export default function () { for (const m of ['get', 'post']) show(http[m]('/' + m).body) }`,
  'functions in a table': `const steps = { a: () => http.get('/a').body, b: () => 'plain' }\nexport default function () { for (const k of Object.keys(steps)) show(steps[k]()); for (const [k, f] of Object.entries(steps)) show(k, f()); Object.values(steps).forEach((f) => show(f())) }`,
  'closures that are returned': `const make = (base) => (u) => http.get(base + u).body\nconst get = make('/m')\nexport default function () { show(get('/1'), make('/n')('/2')) }`,
  recursion: `const walk = (n) => n === 0 ? 0 : http.get('/' + n).status + walk(n - 1)\nexport default function () { show(walk(3)) }`,
  'default parameters that do not block': `function f(a = 1, { b = 2, ...c } = {}, ...d) { return [a, b, c, d, http.get('/d').status] }\nexport default function () { show(f(), f(5, { b: 6, z: 1 }, 7, 8)) }`,
  'destructuring of a result': `export default function () { const { status, body: [first] } = http.get('/d'); const [a, b] = http.batch(['/1', '/2']); show(status, first, a.body, b.body); for (const { body } of http.batch(['/3'])) show(body) }`,
  'template literals and tags': `const tag = (s, ...v) => { sleep(1); return s.join('|') + v.join(',') }\nexport default function () { show(\`a\${http.get('/t').status}b\`, tag\`x\${1}y\${http.get('/u').status}z\`) }`,
  'spread of a result': `const list = () => http.batch(['/1', '/2'])\nexport default function () { show(...list().map((r) => r.body), { ...http.get('/o').json() }, [...list()].length) }`,
  'groups and checks that block': `export default function () { const v = group('g', () => { check(http.get('/a'), { ok: (r) => r.status === 200, deep: (r) => http.get('/b').status === r.status, const: true }); return group('h', function () { sleep(1); return 5 }) }); show(v) }`,
  'a group that does not block': `export default function () { show(group('g', () => 3), check(1, { a: (v) => v === 1 })); sleep(0) }`,
  'exceptions pass through': `const get = (u) => http.get(u)\nexport default function () { try { get('/fail') } catch (e) { show(e.message, e.name) } finally { show('finally', http.get('/f').status) } try { fail('no') } catch ({ message }) { show(message) } get('/fail') }`,
  'a catch without a binding, return in finally': `function f() { try { http.get('/fail') } catch { return 1 } finally { sleep(1) } }\nexport default function () { show(f()) }`,
  'labels, break and continue': `export default function () { outer: for (let i = 0; i < 3; i++) { for (const j of [0, 1, 2]) { if (j === 1) continue outer; if (i === 2) break outer; show(i, j, http.get('/l').status) } } }`,
  'switch with calls in cases': `export default function () { switch (http.get('/s').status) { case 100: show('no'); case http.get('/c').status: show('yes'); break; default: show('default') } }`,
  'while with a call in its condition': `let n = 0\nconst more = () => { sleep(n); return n++ < 3 }\nexport default function () { while (more()) show(n); do { show('do') } while (more()) }`,
  'let in loops and closures': `export default function () { const fs = []; for (let i = 0; i < 3; i++) { http.get('/' + i); fs.push(() => i) } show(fs.map((f) => f())) }`,
  arguments: `function f() { return [...arguments, arguments.length, http.get('/a').status] }\nexport default function () { show(f(1, 2)) }`,
  'new around a value that was awaited': `class P { constructor(r) { this.r = r } }\nexport default function () { show(new P(http.get('/n').status).r, new (group('g', () => { sleep(1); return P }))(2).r) }`,
  'comma, void, typeof, delete, in': `export default function () { show((http.get('/1'), http.get('/2').status), void http.get('/3'), typeof http.get('/4'), 'status' in http.get('/5'), delete http.get('/6').body, !http.get('/7'), -http.get('/8').status, 2 ** http.get('/9').status > 1) }`,
  'assignment to a member of a result': `const o = {}\nconst get = () => (sleep(1), o)\nexport default function () { get().a = http.get('/a').status; get().a++; get()['b'] = 2; show(o) }`,
  'a sequence and nested calls as arguments': `const f = (a, b) => { sleep(1); return a + b }\nexport default function () { show(f(f(1, 2), f(3, f(4, 5)))) }`,
  'immediately invoked functions': `export default function () { (function () { show(http.get('/iife').body) })(); (() => { sleep(2) })(); !function () { sleep(3) }() }`,
  'top-level blocking': `sleep(0.1)\nconst v = (() => { sleep(0.2); return 4 })()\nexport default function () { show(v, http.get('/a').status) }`,
  'a promise that a blocking function answers stays a promise': `function f() { sleep(1); return http.asyncRequest('GET', '/p') }\nexport default async function () { const p = f(); show(typeof p.then); show((await p).body) }`,
  'async functions of the person': `const a = async (u) => { const r = http.get(u); return r.body }\nexport default async function () { const p = a('/1'); show(typeof p.then); show(await p); show(await Promise.all([a('/2'), a('/3')])) }`,
  'promise executors and handlers that block': `export default async function () { const v = await new Promise((resolve) => { sleep(1); resolve(3) }); show(v); show(await Promise.resolve(1).then((n) => { sleep(n); return n + 1 })); await new Promise((_, no) => { sleep(2); throw new Error('x') }).catch((e) => show(e.message)) }`,
  'for await and async generators': `async function* g() { yield http.get('/1').body; yield http.get('/2').body }\nexport default async function () { for await (const v of g()) show(v) }`,
  'generators that do not block, driven around blocking calls': `function* ids() { let i = 0; while (i < 3) yield i++ }\nexport default function () { for (const i of ids()) show(http.get('/' + i).body) }`,
  'Response methods': `export default function () { const r = http.get('/f'); show(r.submitForm({}).body, r.clickLink({}).body) }`,
  'grpc clients': `const grpc = { Client: null }\nexport default function () { show(http.get('/x').status) }`,
  'names of the global that are shadowed': `export default function (data) { const log = console.log; const console_ = 1; { const console = { log: (...a) => log('own', ...a) }; const open = (x) => 'own ' + x; console.log(open('f')); const { __ENV } = { __ENV: 5 }; console.log(__ENV, http.get('/').status) } }`,
  'unknown names': `export default function () { show(typeof nowhere, typeof process, typeof require); try { nowhere } catch (e) { show(e.name, e.message) } try { undeclared = 1 } catch (e) { show(e.name, e.message) } sleep(1) }`,
  globalThis: `globalThis.shared = { n: 1 }\nexport default function () { sleep(1); shared.n++; show(shared.n, globalThis.shared.n, typeof shared, 'shared' in globalThis) }`,
  'open and import.meta': `const f = open('./a.json', 'b'); const o = open\nexport default function () { sleep(1); show(f, o('./b.txt'), import.meta.url, import.meta.resolve('./c.js')) }`,
  'shorthand properties of globals': `export default function () { const o = { __VU, console, __ENV }; show(o.__VU, typeof o.console.log, o.__ENV.HOST, http.get('/').status) }`,
  'getters and setters that do not block beside calls that do': `const o = { n: 0, get v() { return this.n }, set v(x) { this.n = x } }\nexport default function () { o.v = http.get('/v').status; show(o.v) }`,
  'loops of one statement and of none': `export default function () { let n = 0; for (let i = 0; i < 5; i++) n += i; while (n-- > 0); for (const k in { a: 1 }) show(k); show(n, http.get('/').status) }`,
  'comments where text is inserted': `const /* a */ f = /* b */ function /* c */ () /* d */ { /* e */ return http /* f */ . /* g */ get /* h */ ( /* i */ '/c' /* j */ ) /* k */ . body /* l */ }\nexport default /* m */ () => /* n */ show(/* o */ f /* p */ ())`,
  'map on something that is no array': `const box = { map: (f) => 'mapped ' + f(1), forEach(f) { return f(2) + 1 } }\nexport default function () { show(box.map((n) => http.get('/' + n).body), box.forEach((n) => http.get('/' + n).status)) }`,
  'classes with fields': `class Api { base = '/api'; get = (u) => http.get(this.base + u).body; static of() { return new Api() } #secret(u) { return http.get(u).body } open(u) { return this.#secret(u) } }\nexport default function () { const a = Api.of(); show(a.get('/f'), a.open('/p')) }`,
  'inheritance of function prototypes': `function Api(b) { this.b = b }\nApi.prototype.get = function (u) { return http.get(this.b + u).body }\nexport default function () { show(new Api('/p').get('/1')) }`,
  'JSON.stringify and object copies of an api': `const api = Object.assign({}, { get: (u) => http.get(u).body }); const copy = { ...api, n: 1 }\nexport default function () { show(copy.get('/c'), JSON.stringify(copy)) }`,
  'names that generated code has too, and hidden intrinsics': `const $e = 1, $1 = 2, $g = 3, $n = 4, $box = 5\nconst Map = null, Promise = 6\nexport default function () { for (const u of ['/a']) { try { http.get(u); [1].map((n) => http.get('/' + n)); throw new Error('x') } catch { show($e, $1, $g, $n, $box, Map, Promise, http?.get?.('/q').status) } } }`,
  'thrown values of every kind': `const f = (v) => { if (v === 1) throw (sleep(1), v); if (v === 2) throw /* c */ 'x' /* d */; if (v === 3) throw (new Error('e')); throw v }\nexport default function () { for (const v of [1, 2, 3, 4, undefined]) try { f(v) } catch (e) { show(String(e)) } }`,
  'a retry helper': `const retry = (fn, n) => { for (let i = 0; i < n; i++) { try { return fn(i) } catch (e) { show(e.message); sleep(i) } } throw new Error('gave up') }\nexport default function () { show(retry((i) => { if (i < 2) throw new Error('no ' + i); return http.get('/ok').body }, 5)) }`,
}

describe('the compiled script does what the script does', () => {
  for (const [name, source] of Object.entries(cases)) it(name, () => same(source))
})
