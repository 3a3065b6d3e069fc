import { describe, expect, it } from 'vitest'
import { compileScript } from '#script/index.js'
import { createTestScope } from '../data/testing/scope.js'
import { contextOptions } from './context-options.js'
import { browserErrorText } from './errors.js'
import { findChromium } from './launch.js'
import { requestBytes } from './network.js'
import { calledPageFunction, pageFunction } from './page-function.js'
import { surfaces } from './surface.js'
import { toHost, toRealm } from './values.js'

/** The function that a script hands to a page, as the compiled script has it. */
async function compiled(source: string): Promise<unknown> {
  const script = await compileScript({
    url: 'file:///s/test.js',
    contents: `import { browser } from 'k6/browser'\nconst fn = ${source}\nexport default async function () { await browser.newPage(); handed(fn) }`,
  })
  let handed: unknown
  const global = { handed: (fn: unknown) => (handed = fn) }
  const host = {
    module: () => ({ browser: { newPage: () => undefined } }),
    global,
    poll: () => {},
    isInterrupt: () => false,
  }
  // oxlint-disable-next-line no-eval
  const exports = ((0, eval)(script.code) as (host: object) => { default: () => Promise<void> })(host)
  await exports.default()
  return handed
}

/** Runs the text as a page does, where `names` are what its own scripts declared. */
function inPage(text: string, args: readonly unknown[], names: Readonly<Record<string, unknown>> = {}): unknown {
  // oxlint-disable-next-line no-implied-eval
  return new Function(...Object.keys(names), `return (${text})`)(...Object.values(names))(args)
}

describe('a function for the page', () => {
  it('reads the names of the page, global and lexical ones', async () => {
    const fn = await compiled('() => title + document.title + typeof document')
    expect(inPage(pageFunction(fn), [], { document: { title: 'T' }, title: 'lexical ' })).toBe('lexical Tundefined')
  })

  it('loops, catches and throws without the run around it', async () => {
    const fn = await compiled(
      `async (list, more) => { let n = more; for (const x of list) { n += x } try { throw 'a' } catch (e) { return n + e } }`,
    )
    expect(pageFunction(fn)).toContain('$pw')
    expect(await inPage(pageFunction(fn), [[1, 2], 3])).toBe('6a')
  })

  it('says of a name that nobody has what JavaScript says', async () => {
    const fn = await compiled('() => nowhere')
    expect(() => inPage(pageFunction(fn), [])).toThrow('nowhere is not defined')
  })

  it('can be text that calls itself', () => {
    // oxlint-disable-next-line no-eval
    expect((0, eval)(calledPageFunction((a: number) => a + 1, [2]))).toBe(3)
  })
})

describe('values on their way', () => {
  it('to playwright are copies of plain data, dates, patterns and bytes, with handles looked up', () => {
    const scope = createTestScope()
    const handle = scope.run('({})') as object
    const given = scope.run(
      `({ a: [1, 'x', null, { b: true }], d: new Date(5), r: /x/gi, bytes: new Uint8Array([1, 2]).buffer, h, f() {} })`,
      { h: handle },
    )
    const behind = { playwright: true }
    expect(toHost(given, (object) => (object === handle ? behind : undefined))).toEqual({
      a: [1, 'x', null, { b: true }],
      d: new Date(5),
      r: /x/gi,
      bytes: Buffer.from([1, 2]),
      h: behind,
      f: undefined,
    })
  })

  it('to the script are of its realm, and a cycle ends', () => {
    const scope = createTestScope()
    const cycle: Record<string, unknown> = { list: [1], bytes: Buffer.from('ab'), date: new Date(5) }
    cycle['self'] = cycle
    const value = toRealm(scope.realm, cycle)
    expect(
      scope.run(
        'v instanceof Object && v.list instanceof Array && v.bytes instanceof ArrayBuffer && v.bytes.byteLength === 2 && v.date instanceof Date && v.self.list[0] === 1',
        { v: value },
      ),
    ).toBe(true)
    expect(toHost(scope.run('(() => { const o = {}; o.o = o; return o })()'), () => undefined)).toBeInstanceOf(Object)
  })
})

describe('the words of an error', () => {
  it.each([
    [
      'locator.click: Timeout 300ms exceeded.\nCall log:\n  - waiting',
      'click',
      '#a',
      'clicking on "#a": timed out after 300ms',
    ],
    [
      'page.waitForSelector: Timeout 2000ms exceeded.',
      'waitForSelector',
      'p',
      'waiting for selector "p": timed out after 2s',
    ],
    [
      'page.goto: net::ERR_CONNECTION_REFUSED at http://h/',
      'goto',
      'http://h/',
      'navigating page: navigating frame to "http://h/": net::ERR_CONNECTION_REFUSED',
    ],
    ['page.evaluate: Error: in page\n    at x', 'evaluate', undefined, 'evaluating JS: Error: in page\n    at x'],
    [
      'locator.textContent: Error: strict mode violation: ...',
      'textContent',
      'a',
      'getting text content of "a": strict mode violation, multiple elements returned for selector query',
    ],
  ])('are those of k6 for %j', (message, member, target, text) => {
    expect(browserErrorText(new Error(message), member, target)).toBe(text)
  })
})

describe('options', () => {
  it("of a context are k6's by name, and others are left out", () => {
    expect(contextOptions({ timezoneID: 'Asia/Tokyo', viewport: { width: 1, height: 2 }, name: 'iPhone' })).toEqual({
      colorScheme: 'light',
      locale: 'en-US',
      reducedMotion: 'no-preference',
      timezoneId: 'Asia/Tokyo',
      viewport: { width: 1, height: 2 },
    })
    expect(() => contextOptions({ proxy: { server: ' ' } })).toThrow('proxy.server must be set')
  })

  it('name a Chromium that must be there', () => {
    expect(() => findChromium({ K6_BROWSER_EXECUTABLE_PATH: '/nope' })).toThrow(
      "finding browser executable: k6 couldn't detect google chrome or a chromium-supported browser on the given path: /nope",
    )
  })
})

describe('the table of members', () => {
  it('names each member once per object', () => {
    for (const [kind, { promises, values, properties }] of Object.entries(surfaces)) {
      const names = [...promises, ...values, ...properties].map(({ name }) => name)
      expect(names.length, kind).toBe(new Set(names).size)
    }
  })
})

describe('bytes of a request', () => {
  it('are those of its text in HTTP/1.1', () => {
    const text = 'POST /a HTTP/1.1\r\nX-A: 1\r\nX-A: 2\r\n'
    const request = { url: 'http://h/a?q=1', method: 'POST', headers: { 'X-A': '1\n2' }, postData: 'öl' }
    expect(requestBytes(request)).toBe(text.length + 3)
  })
})
