import { describe, expect, it } from 'vitest'
import { jslibPackage, jslibSource } from './index.js'
import { Realm } from './testing/realm.js'

const base = 'https://jslib.k6.io'

describe('jslibSource', () => {
  it('knows the libraries in any version, and nothing else', () => {
    for (const path of ['k6-utils/1.0.0', 'k6-utils/1.6.0', 'k6chaijs/4.3.4.3', 'papaparse/5.1.1', 'expect/0.0.4']) {
      expect(jslibSource(`${base}/${path}/index.js`)?.contents).toContain('export')
    }
    for (const url of [
      `${base}/k6-utils/1.4.0/other.js`,
      `${base}/k6-utils/latest/index.js`,
      `${base}/no-such/1.0.0/index.js`,
      `${base}/constructor/1.0.0/index.js`,
      'http://jslib.k6.io/k6-utils/1.4.0/index.js',
      'https://example.com/k6-utils/1.4.0/index.js',
      `${base}/k6-utils/1.4.0/index.js?x`,
    ]) {
      expect(jslibSource(url)).toBeUndefined()
    }
  })

  it('imports nothing but modules of k6, and carries the licences of what is in it', () => {
    for (const library of ['k6-utils/1.6.0', 'httpx/0.1.0', 'k6-testing/0.6.1', 'k6chaijs/4.5.0.1', 'url/1.0.0']) {
      const { contents } = jslibSource(`${base}/${library}/index.js`)!
      for (const [, specifier] of contents.matchAll(/^import .*from "(.*)"/gm)) expect(specifier).toMatch(/^k6(\/|$)/)
    }
    expect(jslibPackage('papaparse').code).toMatch(/papaparse 5\.1\.1[^]*MIT/)
  })
})

describe('k6-utils', () => {
  const utils = new Realm().load(`${base}/k6-utils/1.6.0/index.js`)

  it('makes version 4 uuids', () => {
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    for (let n = 0; n < 50; n++) {
      expect(utils.uuidv4()).toMatch(uuid)
      expect(utils.uuidv4(true)).toMatch(uuid)
    }
  })

  it('picks between, from and of', () => {
    const numbers = new Set(Array.from({ length: 500 }, () => utils.randomIntBetween(-1, 2)))
    expect([...numbers].sort((a, b) => (a as number) - (b as number))).toEqual([-1, 0, 1, 2])
    expect(['a', 'b']).toContain(utils.randomItem(['a', 'b']))
    expect(utils.randomString(20, 'xy')).toMatch(/^[xy]{20}$/)
    expect(utils.randomString(8)).toMatch(/^[a-z]{8}$/)
  })

  it.each([
    [['<a>x</a><a>y</a>', '<a>', '</a>'], 'x'],
    [
      ['<a>x</a><a>y</a>', '<a>', '</a>', true],
      ['x', 'y'],
    ],
    [['nothing', '<', '>'], null],
    [['nothing', '<', '>', true], null],
    [['<open', '<', '>', true], null],
    [
      ['aaaa', 'a', 'a', true],
      ['', ''],
    ],
    [
      ['abc', '', '', true],
      ['', '', '', ''],
    ],
  ])('findBetween(%j) is %j', (args, found) => {
    expect(utils.findBetween(...args)).toEqual(found)
  })

  it('findBetween of 1.0 answers an empty text for nothing', () => {
    const old = new Realm().load(`${base}/k6-utils/1.1.0/index.js`)
    expect(old.findBetween('nothing', '<', '>')).toBe('')
    expect(old.findBetween('<b>', '<', '>')).toBe('b')
    expect(old.uuidv4()).toHaveLength(36)
  })

  it('makes stages of a bell curve', () => {
    expect(utils.normalDistributionStages(10, 20, 5)).toEqual([
      { duration: '4s', target: 1 },
      { duration: '3s', target: 5 },
      { duration: '3s', target: 10 },
      { duration: '3s', target: 10 },
      { duration: '3s', target: 5 },
      { duration: '3s', target: 1 },
      { duration: '4s', target: 0 },
    ])
  })

  it.each([
    ['1d2h3m4s5ms', 93_784_005],
    ['1.5s', 1_500],
    ['500', 500],
    ['1m30', 60_030],
    ['2.7ms', 2],
  ])('parseDuration(%j) is %d ms', (text, ms) => {
    expect(utils.parseDuration(text)).toBe(ms)
  })

  it('parseDuration says what is wrong', () => {
    expect(() => utils.parseDuration('')).toThrow('str is empty')
    expect(() => utils.parseDuration('10x')).toThrow('x is an unsupported time unit')
    expect(() => utils.parseDuration('1s2s')).toThrow('s time unit is provided multiple times')
  })

  it('tells the stage by the time since the start of the scenario', () => {
    const realm = new Realm()
    const { tagWithCurrentStageIndex, tagWithCurrentStageProfile, getCurrentStageIndex } = realm.load(
      `${base}/k6-utils/1.3.0/index.js`,
    )
    const stages = [
      { duration: '10s', target: 5 },
      { duration: '10s', target: 5 },
      { duration: '1h', target: 0 },
    ]
    realm.exec.test.options.scenarios.s = { stages }
    const at = (seconds: number): unknown[] => {
      realm.exec.scenario.startTime = Date.now() - seconds * 1_000
      tagWithCurrentStageIndex()
      tagWithCurrentStageProfile()
      return [realm.exec.vu.tags.stage, realm.exec.vu.tags.stage_profile]
    }
    expect(at(2)).toEqual([0, 'ramp-up'])
    expect(at(15)).toEqual([1, 'steady'])
    expect(at(60)).toEqual([2, 'ramp-down'])
    expect(at(9_999)).toEqual([2, 'ramp-down'])
    realm.exec.test.options.scenarios.s = {}
    expect(() => getCurrentStageIndex()).toThrow('only ramping-vus')
  })

  it('check waits for promises, and only then answers one', async () => {
    const realm = new Realm()
    const { check } = realm.load(`${base}/k6-utils/1.5.0/index.js`)
    expect(check(5, { five: (v: number) => v === 5, always: true })).toBe(true)
    const later = realm.run('({ now: (v) => v === 5, later: async () => false })')
    expect(await check(5, later)).toBe(false)
    expect(realm.checks).toEqual([
      { name: 'five', ok: true },
      { name: 'always', ok: true },
      { name: 'now', ok: true },
      { name: 'later', ok: false },
    ])
  })
})

describe('httpx', () => {
  it('merges what the session and the request say', () => {
    const realm = new Realm()
    const { Httpx, Get, Post } = realm.load(`${base}/httpx/0.1.0/index.js`)
    const session = new Httpx({ baseURL: 'http://h', headers: { a: '1' }, tags: { t: 'x' }, timeout: 5 })
    session.addHeader('b', '2')
    session.clearHeader('a')
    session.post('/p', 'body', { headers: { b: '3' }, tags: { u: 'y' } })
    session.get('http://other/')
    session.get({ name: 'http://h/${}', url: 'http://h/5', clean_url: 'http://h/5' })
    session.batch([new Get('/1'), new Post('/2', { body: 'b' }).addTag('k', 'v'), ['PUT', '/3', 'c']], {
      tags: { s: '1' },
    })
    expect(realm.calls).toEqual([
      {
        method: 'POST',
        url: 'http://h/p',
        body: 'body',
        params: { headers: { b: '3' }, tags: { t: 'x', u: 'y' }, timeout: 5 },
      },
      {
        method: 'GET',
        url: 'http://other/',
        body: undefined,
        params: { headers: { b: '2' }, tags: { t: 'x' }, timeout: 5 },
      },
      {
        method: 'GET',
        url: 'http://h/5',
        body: undefined,
        params: { headers: { b: '2' }, tags: { t: 'x', name: 'http://h/${}' }, timeout: 5 },
      },
      {
        method: 'GET',
        url: 'http://h/1',
        body: null,
        params: { headers: { b: '2' }, tags: { t: 'x', s: '1' }, timeout: 5 },
      },
      {
        method: 'POST',
        url: 'http://h/2',
        body: 'b',
        params: { headers: { b: '2' }, tags: { t: 'x', s: '1', k: 'v' }, timeout: 5 },
      },
      {
        method: 'PUT',
        url: 'http://h/3',
        body: 'c',
        params: { headers: { b: '2' }, tags: { t: 'x', s: '1' }, timeout: 5 },
      },
    ])
  })

  it('feeds its error metric and refuses what is no method', async () => {
    const realm = new Realm()
    const { Httpx } = realm.load(`${base}/httpx/0.1.0/index.js`)
    const failed: boolean[] = []
    const session = new Httpx({ baseURL: 'http://h', errorMetric: { add: (value: boolean) => failed.push(value) } })
    session.get('/ok')
    session.delete('/fail')
    session.get('/fail', null, { expect: () => true })
    expect(failed).toEqual([false, true, false])
    expect((await session.asyncGet('/later')).status).toBe(200)
    expect(() => session.request('BREW', '/')).toThrow('Invalid method: BREW. Expected one of GET,HEAD')
    expect(() => session.request('GET')).toThrow('Invalid number of arguments for request()')
  })
})

describe('papaparse, url, formdata, form-urlencoded, ajv, jsonpath', () => {
  const realm = new Realm()
  const load = (path: string) => realm.load(`${base}/${path}/index.js`)

  it('papaparse reads and writes CSV', () => {
    const { default: papa } = load('papaparse/5.1.1')
    expect(papa.parse('a,b\n1,"x,y"', { header: true }).data).toEqual([{ a: '1', b: 'x,y' }])
    expect(papa.unparse([{ a: 1, b: 'x"y' }])).toBe('a,b\r\n1,"x""y"')
  })

  it('URL and URLSearchParams are there where the realm has none', () => {
    expect(realm.run('typeof URL + typeof URLSearchParams')).toBe('undefinedundefined')
    const { URL, URLSearchParams } = load('url/1.0.0')
    const url = new URL('../x?q=ü#h', 'https://u:p@exämple.org:8080/a/b')
    expect(url.href).toBe('https://u:p@xn--exmple-cua.org:8080/x?q=%C3%BC#h')
    url.searchParams.append('a b', '&')
    expect(url.search).toBe('?q=%C3%BC&a+b=%26')
    expect([...new URLSearchParams('b=2&a=1').keys()]).toEqual(['b', 'a'])
    expect(() => new URL('nope')).toThrow('Invalid scheme')
  })

  it('formdata builds the bytes of a multipart body', () => {
    const { FormData } = load('formdata/0.0.2')
    const form = new FormData()
    form.append('a', 'text')
    form.append('f', { data: Uint8Array.of(1, 250).buffer, filename: 'n"', content_type: 'x/y' })
    const boundary = `--${form.boundary}`
    expect(Buffer.from(form.body()).toString('latin1')).toBe(
      `${boundary}\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain\r\n\r\ntext\r\n` +
        `${boundary}\r\nContent-Disposition: form-data; name="f"; filename="n%22"\r\nContent-Type: x/y\r\n\r\n\u0001\u00fa\r\n` +
        `${boundary}--\r\n`,
    )
    expect(() => form.append('x')).toThrow('Not enough arguments')
  })

  it('form-urlencoded, ajv and jsonpath work in a bare realm', () => {
    const { default: encode } = load('form-urlencoded/3.0.0')
    expect(encode({ a: [1, 2], b: { c: 'x y' } })).toBe('a%5B0%5D=1&a%5B1%5D=2&b%5Bc%5D=x+y')
    const { default: Ajv } = load('ajv/6.12.5')
    const ajv = new Ajv()
    const validate = ajv.compile({ properties: { m: { format: 'email' } }, required: ['m'] })
    expect([validate({ m: 'a@b.c' }), validate({ m: 'no' }), validate({})]).toEqual([true, false, false])
    const jsonpath = load('jsonpath/1.0.2')
    expect(jsonpath.default.query(realm.run('({ a: [{ p: 1 }, { p: 5 }] })'), '$.a[?(@.p>2)].p')).toEqual([5])
    expect(jsonpath.query(realm.run('({ a: 1 })'), '$..a')).toEqual([1])
  })

  it('totp gives the codes of RFC 6238', async () => {
    const { TOTP } = load('totp/1.0.0')
    // Appendix B: at 59 s the counter is 1. Here the period is so long that now is in its second window.
    const totp = new TOTP('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 8)
    const period = 1e9
    const now = Date.now() / 1_000
    expect(await totp.gen(period, now - period * 1.5)).toBe('94287082')
    expect(await new TOTP('gezd gnbv gy3t qojq gezd gnbv gy3t qojq', 8).gen(period, now - period * 1.5)).toBe(
      '94287082',
    )
    expect(await totp.verify(await totp.gen(period), period)).toBe(true)
    expect(await totp.verify('x', period)).toBe(false)
    await expect(new TOTP('1').gen()).rejects.toThrow('base32')
  })
})

describe('k6chaijs', () => {
  it('makes a check of every assertion, named without its values', () => {
    const realm = new Realm()
    const { describe: group, expect: assert } = realm.load(`${base}/k6chaijs/4.3.4.3/index.js`)
    const held = group('numbers', () => {
      assert(5, 'five').to.equal(5)
      assert({ a: 1 }, 'object').to.have.property('a')
      assert('x', 'text').to.equal('y')
      assert(1, 'never reached').to.equal(1)
    })
    expect(held).toBe(false)
    expect(realm.groups).toEqual(['numbers'])
    expect(realm.checks).toEqual([
      { name: 'expected five to equal 5', ok: true },
      { name: "expected object to have property 'a'", ok: true },
      { name: "expected text to equal 'y'", ok: false },
    ])
  })

  it('tells an exception from a failed assertion', () => {
    const realm = new Realm()
    const chai = realm.load(`${base}/k6chaijs/4.5.0.1/index.js`)
    expect(
      chai.describe('broken', () => {
        throw new TypeError('boom')
      }),
    ).toBe(false)
    expect(realm.checks).toEqual([{ name: 'Exception raised "TypeError: boom"', ok: false }])
    expect(realm.logs[0]).toContain('Exception raised in test "broken"')
    chai.default.config.exitOnError = true
    expect(chai.describe('aborts', () => chai.expect(1, 'one').to.equal(2))).toBe(false)
    expect(realm.logs.at(-1)).toContain('abort: expected 1 to equal 2')
  })
})

describe('expect 0.0.4', () => {
  it('ends the chain and the group at the first that does not hold', () => {
    const realm = new Realm()
    const { describe: group } = realm.load(`${base}/expect/0.0.4/index.js`)
    const held = group('old', (t: { expect(value: unknown): ReturnType<typeof JSON.parse> }) => {
      t.expect(200).as('status').toEqual(200).and(5).toBeGreaterThan(9).and(1).toBeTruthy()
    })
    expect(held).toBe(false)
    expect(realm.checks).toEqual([
      { name: 'status is 200.', ok: true },
      { name: '5 is greater than 9', ok: false },
    ])
  })
})

describe('http-instrumentation', () => {
  it('tempo sends a trace context and puts its id into the metadata of the request', () => {
    const realm = new Realm()
    const tempo = realm.load(`${base}/http-instrumentation-tempo/1.0.1/index.js`).default
    const seen: unknown[] = []
    const client = new tempo.Client({ propagator: 'w3c' }, (...args: unknown[]) => {
      seen.push({ ...realm.exec.vu.metrics.metadata }, args)
    })
    client.get('http://h/', { headers: { a: '1' } })
    const [{ trace_id: id }, [method, url, body, params]] = seen as [
      { trace_id: string },
      [string, string, null, { headers: Record<string, string> }],
    ]
    expect([method, url, body]).toEqual(['GET', 'http://h/', null])
    expect(id).toMatch(/^dc0718[0-9a-f]{26}$/)
    expect(params.headers).toEqual({
      a: '1',
      traceparent: expect.stringMatching(new RegExp(`^00-${id}-[0-9a-f]{16}-01$`)),
    })
    expect(realm.exec.vu.metrics.metadata).toEqual({})
    expect(() => new tempo.Client({ propagator: 'x' })).toThrow('unknown propagator: x')
    tempo.instrumentHTTP({ propagator: 'jaeger', sampling: 0 })
  })

  it('pyroscope sends baggage', () => {
    const realm = new Realm({ K6_CLOUDRUN_TEST_RUN_ID: '7' })
    const pyroscope = realm.load(`${base}/http-instrumentation-pyroscope/1.0.1/index.js`).default
    new pyroscope.Client().get('http://h/', { headers: { baggage: 'mine=1' }, tags: { name: 'n' } })
    expect(realm.calls[0]?.params.headers).toEqual({
      baggage: ['mine=1', 'k6.test_run_id=7', 'k6.scenario=s', 'k6.name=n'],
    })
  })
})
