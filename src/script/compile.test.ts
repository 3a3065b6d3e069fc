import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { PerfwrightError } from '#base/errors.js'
import { compileScript } from './compile.js'
import { isPersonsAsync } from './marker.js'
import { runBothWays, runCompiled } from './testing/both-ways.js'
import type { CompiledScript } from './types.js'

const folder = mkdtempSync(join(tmpdir(), 'script-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, contents: string): { url: string; contents: string } {
  const path = join(folder, name)
  writeFileSync(path, contents)
  return { url: pathToFileURL(path).href, contents }
}

async function refusal(contents: string): Promise<PerfwrightError> {
  const error: unknown = await compileScript({ url: pathToFileURL(join(folder, 'f.js')).href, contents }).catch(
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(PerfwrightError)
  expect((error as PerfwrightError).exitCode).toBe(107)
  return error as PerfwrightError
}

describe('what is loaded', () => {
  it('awaits the blocking functions of a CommonJS file that an ES module imports', async () => {
    file('common.js', "const http = require('k6/http')\nexports.status = (path) => http.get(path).status")
    const script = await compileScript(
      file(
        'mixed.js',
        "import common from './common.js'\nimport { status } from './common.js'\nexport default function () { console.log(common.status('/a'), status('/b')) }",
      ),
    )
    expect(script.code.match(/await http\.get/g)).toHaveLength(1)
    expect(script.code).toMatch(/await import_common\w*\.default\.status/)
    expect(script.code).toMatch(/await \(0, import_common\w*\.status\)/)
  })

  it('follows relative imports with and without extension, JSON, CommonJS and TypeScript', async () => {
    file('a.js', "import { b } from './b'\nexport const a = () => b() + 1")
    file(
      'b.ts',
      "import http from 'k6/http'\nimport data from './data.json'\nconst c = require('./c')\nexport function b(): number { return http.get('/b').status + data.n + c.n }",
    )
    file('data.json', '{"n": 20}')
    file('c.js', 'exports.n = 3')
    const script = await compileScript(
      file('entry.js', "import { a } from './a.js'\nexport default () => console.log(a())"),
    )
    expect(script.modules).toEqual(['k6/http'])
    expect(script.sources.map((one) => one.url.split('/').pop()).sort()).toEqual([
      'a.js',
      'b.ts',
      'c.js',
      'data.json',
      'entry.js',
    ])
    expect((await runCompiled(script, 'default')).trace).toEqual(["http.get('/b')", 'console.log(224)'])
  })

  it('runs a CommonJS entry, sloppy as it is', async () => {
    const source =
      "const http = require('k6/http'); const { sleep } = require('k6')\nmodule.exports = { default: function () { undeclared = 5; sleep(1); console.log(http.get('/c').body, undeclared) } }"
    const { asWritten, compiled } = await runBothWays(source)
    expect(compiled).toEqual(asWritten)
    expect(compiled.trace).toHaveLength(3)
  })

  it('looks into a package only when it is given something that blocks', async () => {
    mkdirSync(join(folder, 'node_modules', 'each'), { recursive: true })
    file(
      'node_modules/each/index.js',
      'exports.get = (o, k) => o[k]\nexports.each = function (list, fn) { for (let i = 0; i < list.length; i++) fn(list[i]) }\nfunction Box(v) { this.v = v }\nBox.prototype.get = function () { return this.v }\nexports.box = (v) => new Box(v)',
    )
    const head = "import http from 'k6/http'\nimport { each, get, box } from 'each'\n"
    const pure = await compileScript(
      file(
        'pure.js',
        `${head}export default function () { each([1], (n) => console.log(n)); console.log(get({ a: 2 }, 'a'), box(3).get(), http.get('/').status) }`,
      ),
    )
    expect(pure.code.match(/async\/\*pw\*\//g)).toHaveLength(1)
    expect((await runCompiled(pure, 'default')).trace).toEqual([
      'console.log(1)',
      "http.get('/')",
      'console.log(2, 3, 200)',
    ])
    const blocking = await compileScript(
      file(
        'blocking.js',
        `${head}export default function () { each(['/1', '/2'], (u) => console.log(http.get(u).body)); console.log(box(3).get()) }`,
      ),
    )
    expect((await runCompiled(blocking, 'default')).trace).toEqual([
      "http.get('/1')",
      "console.log('get /1')",
      "http.get('/2')",
      "console.log('get /2')",
      'console.log(3)',
    ])
    const given = await compileScript(
      file('given.js', `${head}export default function () { console.log(get(http, 'get')('/g').body) }`),
    )
    expect((await runCompiled(given, 'default')).trace).toEqual(["http.get('/g')", "console.log('get /g')"])
  })

  it('lets require() run in the init context only', async () => {
    const source =
      "const get = () => require('k6/http').get\nconst inInit = get()\nexport default function () { console.log(inInit('/i').body); get() }"
    const script = await compileScript({ url: 'file:///s.js', contents: source })
    const run = await runCompiled(script, 'default')
    expect(run.trace).toHaveLength(2)
    expect(run.outcome).toMatch(/^threw .*the "require" function is only available in the init stage/)
  })

  it('gives open() and import.meta the file that they stand in', async () => {
    file('inner.js', "export const text = open('./x.txt'); export const at = import.meta.url")
    const script = await compileScript(
      file('outer.js', "import { text, at } from './inner.js'\nexport default () => console.log(text, at)"),
    )
    const inner = pathToFileURL(join(folder, 'inner.js')).href
    expect((await runCompiled(script, 'default')).trace).toEqual([`console.log('./x.txt  from ${inner}', '${inner}')`])
  })

  it('fetches a remote module once, keeps it, and notices when the copy was changed', async () => {
    let requests = 0
    const server = createServer((_request, response) => {
      requests++
      response.end('export const n = 7')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lib.js`
    const source = file('remote.js', `import { n } from '${at}'\nexport default () => console.log(n)`)
    const options = { cacheDir: join(folder, 'cache') }
    await compileScript(source, options)
    await new Promise((resolve) => server.close(resolve))
    const script = await compileScript(source, options)
    expect(requests).toBe(1)
    expect((await runCompiled(script, 'default')).trace).toEqual(['console.log(7)'])
    const error: unknown = await compileScript(source, { cacheDir: join(folder, 'other') }).catch((e: unknown) => e)
    expect((error as PerfwrightError).code).toBe('PW_SCRIPT_REMOTE_IMPORT')
    expect((error as PerfwrightError).message).toContain(at)
  })

  it('asks for its own libraries before the network', async () => {
    const source = file(
      'own.js',
      "import { n } from 'https://jslib.k6.io/n/index.js'\nexport default () => console.log(n)",
    )
    const script = await compileScript(source, {
      jslib: (url) => (url.includes('/n/') ? 'export const n = 3' : undefined),
    })
    expect((await runCompiled(script, 'default')).trace).toEqual(['console.log(3)'])
  })
})

describe('what is refused', () => {
  it('a syntax error, in k6 words and with its place', async () => {
    const error = await refusal('export default function () { let x = ; }')
    expect(error.code).toBe('PW_SCRIPT_SYNTAX')
    expect(error.message).toMatch(
      /^could not initialize 'f\.js': could not load JS test 'file:\/\/.*f\.js': file:\/\/.*f\.js: Line 1:38 Unexpected token$/,
    )
    expect(error.where).toMatch(/f\.js:1:38$/)
  })

  it('a file that is not there', async () => {
    const error = await refusal("import foo from './missing.js'\nexport default () => {}")
    expect(error.message).toContain(`The moduleSpecifier "./missing.js" couldn't be found on local disk. Make sure`)
    expect(error.where).toMatch(/f\.js:1:17$/)
  })

  it.each([
    ['node:fs', 'PW_SCRIPT_MODULE_UNKNOWN'],
    ['no-such-package-of-npm', 'PW_SCRIPT_MODULE_UNKNOWN'],
    ['k6/x/kafka', 'PW_SCRIPT_MODULE_UNKNOWN'],
    ['k6/nonesuch', 'PW_SCRIPT_MODULE_UNKNOWN'],
  ])('module %s', async (name, code) => {
    const error = await refusal(`\nimport x from '${name}'\nexport default () => x`)
    expect(error.code).toBe(code)
    expect(error.message).toContain(name)
    expect(error.where).toMatch(/f\.js:2:\d+$/)
  })

  const http = "import http from 'k6/http'\n"
  it.each([
    [
      'a constructor',
      'class A { constructor() { this.r = http.get("/") } }\nexport default () => new A()',
      'constructor',
    ],
    ['a getter', 'const o = { get r() { return http.get("/") } }\nexport default () => o.r', 'getter'],
    ['a generator', 'function* g() { yield http.get("/") }\nexport default () => [...g()]', 'generator'],
    ['a class field', 'class A { r = http.get("/") }\nexport default () => new A()', 'class member'],
    ['toString', 'const o = { toString() { return http.get("/").body } }\nexport default () => `${o}`', 'toString'],
  ])('a blocking call in %s', async (_where, body, word) => {
    const error = await refusal(http + body)
    expect(error.code).toBe('PW_SCRIPT_CANNOT_AWAIT')
    expect(error.message).toContain(word)
    expect(error.where).toMatch(/f\.js:2:\d+$/)
    expect(error.fix).toContain('--engine k6')
  })
})

describe('what is made of it', () => {
  const compile = (contents: string): Promise<CompiledScript> => compileScript({ url: 'file:///s.js', contents })

  it('leaves alone what does not block', async () => {
    const script = await compile(
      "import http from 'k6/http'\nconst get = (m, k) => m.get(k)\nconst cache = { get: (k) => k, post: 1 }\nexport const options = {}\nexport function setup() { return get(new Map(), 1) + cache.get(2) + [1].map((x) => x).length }\nexport default function () { http.get('/') }",
    )
    expect(script.code.match(/async\/\*pw\*\//g)).toHaveLength(1)
    expect(script.asyncExports).toEqual(['default'])
    expect(script.topLevelAwait).toBe(false)
    expect(script.needsOwnRealm).toBe(false)
  })

  it('sees who changes built-in objects', async () => {
    expect(
      (
        await compile(
          'Array.prototype.last = function () { return this[this.length - 1] }\nexport default () => [1].last()',
        )
      ).needsOwnRealm,
    ).toBe(true)
    expect(
      (await compile("Object.defineProperty(String.prototype, 'x', { value: 1 })\nexport default () => 1"))
        .needsOwnRealm,
    ).toBe(true)
  })

  it('tells its own async functions from those of the person', async () => {
    const script = await compile(
      "import { sleep } from 'k6'\nexport default function () { sleep(1) }\nexport async function mine() { sleep(1) }",
    )
    const host = {
      module: () => ({ sleep: () => undefined }),
      global: globalThis,
      poll: () => undefined,
      isInterrupt: () => false,
    }
    // oxlint-disable-next-line no-eval -- the factory is evaluated as the engine does it, in this realm
    const exports = (0, eval)(script.code)(host) as Record<string, unknown>
    expect(isPersonsAsync(exports['default'])).toBe(false)
    expect(isPersonsAsync(exports['mine'])).toBe(true)
    expect(isPersonsAsync(() => 1)).toBe(false)
  })

  it('maps a place in the factory back to the file', async () => {
    const script = await compile(
      "import { sleep } from 'k6'\nexport default function () {\n  const marker = sleep(1)\n}",
    )
    const lines = script.code.split('\n')
    const line = lines.findIndex((text) => text.includes('marker'))
    const column = (lines[line] as string).indexOf('marker')
    expect(script.originalPosition(line + 1, column + 1)).toMatchObject({ url: 'file:///s.js', line: 3, column: 9 })
  })

  it('ends a loop that never awaits, and lets no catch clause swallow that', async () => {
    const script = await compile('export default function () { for (;;) { try { while (true) {} } catch (e) {} } }')
    expect((await runCompiled(script, 'default')).outcome).toBe('threw Error: told to stop')
  })
})
