import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Interruption } from '../../interrupt.js'
import { createTestScope, type TestScope, type TestScopeInit } from '../../testing/scope.js'
import { createHttpModule, maxExactNames, preloadHtml, resetJar } from './index.js'

interface Reply {
  readonly status: number
  readonly status_text: string
  readonly url: string
  readonly proto: string
  readonly body: unknown
  readonly headers: Record<string, string>
  readonly cookies: Record<string, Record<string, unknown>[]>
  readonly timings: Record<string, number>
  readonly error: string
  readonly error_code: number
  readonly remote_ip: string
  readonly remote_port: number
  readonly request: { method: string; url: string; headers: Record<string, string[]>; body: string; cookies: object }
  json(path?: string): unknown
}
// biome-ignore lint: a script's view of the module, which has no types.
type Http = Record<string, any>

let server: Server
let base = ''
let port = 0
/** Requests as the server saw them: method, target, headers, body. */
const seen: { line: string; headers: string[]; body: string }[] = []
const scopes: TestScope[] = []

beforeAll(async () => {
  server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  base = `http://127.0.0.1:${port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
afterEach(() => {
  seen.length = 0
  for (const scope of scopes.splice(0)) scope.close()
})

function answer(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const url = new URL(request.url as string, base)
    const query = url.searchParams
    const body = Buffer.concat(chunks).toString('latin1')
    seen.push({ line: `${request.method} ${request.url}`, headers: request.rawHeaders, body })
    const [, route, argument] = url.pathname.split('/')
    if (route === 'redirect' && Number(argument) > 0) {
      const code = Number(query.get('code') ?? 302)
      response.writeHead(code, {
        location: `/redirect/${Number(argument) - 1}?code=${code}`,
        'set-cookie': `hop${argument}=v`,
      })
      response.end('hop')
    } else if (route === 'to') {
      response.writeHead(Number(query.get('code') ?? 302), { location: query.get('l') ?? '' })
      response.end('moved')
    } else if (route === 'set') {
      response.setHeader('set-cookie', query.getAll('c'))
      response.setHeader('x-multi', ['a', 'b'])
      response.end('set')
    } else if (route === 'status') {
      response.statusCode = Number(argument)
      response.end('st')
    } else if (route === 'gzip') {
      response.setHeader('content-encoding', 'gzip')
      response.end(query.has('bad') ? 'garbage garbage garbage' : gzipSync('unpacked'))
    } else if (route === 'digest') {
      if (request.headers.authorization?.startsWith('Digest')) response.end('in')
      else response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }).end('who')
    } else if (route === 'page') {
      response.end(
        '<form action="/echo" method="post"><input name="a" value="1"><input type="submit" name="go" value="Go"></form>' +
          '<a href="/echo?link=1">link</a><form id="g" action="/echo"><input name="q" value="x y"></form>',
      )
    } else if (route === 'bytes') response.end(Buffer.from([0, 255, 128, 10]))
    else if (route === 'drop') request.socket.destroy()
    else if (route === 'never') response.flushHeaders()
    else response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.rawHeaders, body }))
  })
}

function start(init: TestScopeInit = {}): { http: Http; scope: TestScope } {
  const scope = createTestScope(init)
  scopes.push(scope)
  return { http: createHttpModule(scope)['default'] as Http, scope }
}

const headerOf = (headers: readonly string[], name: string): string | undefined =>
  headers[headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name) + 1]
const of = (scope: TestScope, metric: string): TestScope['taken'] =>
  scope.taken.filter((sample) => sample.metric === metric)

describe('a request', () => {
  it('sends what k6 sends: Host and User-Agent and nothing else', async () => {
    const { http } = start()
    const reply: Reply = await http['get'](`${base}/echo`)
    expect(reply.json('headers')).toEqual(['Host', `127.0.0.1:${port}`, 'User-Agent', 'Grafana k6/2.2.0'])
    expect(reply).toMatchObject({ status: 200, status_text: '200 OK', proto: 'HTTP/1.1', error: '', error_code: 0 })
    expect(reply).toMatchObject({ url: `${base}/echo`, remote_ip: '127.0.0.1', remote_port: port })
    expect(reply.request).toEqual({
      method: 'GET',
      url: `${base}/echo`,
      headers: { 'User-Agent': ['Grafana k6/2.2.0'] },
      body: '',
      cookies: {},
    })
  })

  it('emits one sample of each metric with the tags of k6, and the response time from the intended start', async () => {
    const { http, scope } = start()
    scope.startLagMs = 1000
    const reply: Reply = await http['get'](`${base}/echo?a=1`)
    const tags = {
      expected_response: 'true',
      group: '',
      method: 'GET',
      name: `${base}/echo?a=1`,
      proto: 'HTTP/1.1',
      scenario: 'default',
      status: '200',
      url: `${base}/echo?a=1`,
    }
    expect(scope.taken.map(({ metric }) => metric).sort()).toEqual([
      'http_req_blocked',
      'http_req_connecting',
      'http_req_duration',
      'http_req_failed',
      'http_req_receiving',
      'http_req_response_time',
      'http_req_sending',
      'http_req_tls_handshaking',
      'http_req_waiting',
      'http_reqs',
      'http_res_body_bytes',
    ])
    for (const sample of scope.taken) expect(sample.tags).toEqual(tags)
    expect(of(scope, 'http_req_duration')[0]?.value).toBe(reply.timings['duration'])
    expect(of(scope, 'http_req_response_time')[0]?.value).toBe((reply.timings['duration'] ?? 0) + 1000)
    expect(scope.dataSent).toBe(
      Buffer.byteLength(`GET /echo?a=1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: Grafana k6/2.2.0\r\n\r\n`),
    )
    expect(scope.dataReceived).toBeGreaterThan(100)
  })

  it('carries a trace context of its own where that is asked for, with its name, and leaves that of a script alone', async () => {
    const { http } = start({ options: { traceRequests: true } })
    await http['get'](`${base}/echo`)
    await http['get'](`${base}/redirect/1`, { tags: { name: 'list, \ud800 ü' } })
    await http['get'](`${base}/echo`, { headers: { traceparent: 'own' } })
    const [first, ...rest] = seen.map(({ headers }) => [
      headerOf(headers, 'traceparent'),
      headerOf(headers, 'tracestate'),
    ])
    expect(first?.[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(first?.[1]).toBe(`perfwright=${encodeURIComponent(`${base}/echo`)}`)
    expect(rest[0]?.[1]).toBe('perfwright=list%2C%20%3F%20%C3%BC')
    expect(new Set([first?.[0], rest[0]?.[0], rest[1]?.[0]]).size).toBe(3)
    expect(rest[2]?.[0]).toBe('own')
    expect(seen[3]?.headers.join()).not.toMatch(/tracestate/i)
  })

  it('answers the same whether params are given or not', async () => {
    const { http, scope } = start()
    await http['get'](`${base}/status/404`)
    const bare = scope.taken.splice(0)
    const reply: Reply = await http['get'](`${base}/status/404`, {})
    expect(scope.taken.map(({ metric, tags }) => ({ metric, tags }))).toEqual(
      bare.map(({ metric, tags }) => ({ metric, tags })),
    )
    expect(reply).toMatchObject({ status: 404, error: '', error_code: 1404, body: 'st' })
    expect(scope.taken[0]?.tags).toMatchObject({ error_code: '1404', expected_response: 'false', status: '404' })
  })

  it('puts tags of the call, a name, and a template over the tags of the VU', async () => {
    const { http, scope } = start()
    await http['get'](`${base}/echo`, { tags: { k: 5, name: 'n' } })
    await http['get'](http['url']`${base}/items/${7}`)
    await http['get'](`http://u:p@127.0.0.1:${port}/echo`)
    expect(of(scope, 'http_reqs').map(({ tags }) => [tags['name'], tags['url'], tags['k']])).toEqual([
      ['n', 'n', '5'],
      ['${}/items/${}', '${}/items/${}', undefined],
      [`http://****:****@127.0.0.1:${port}/echo`, `http://****:****@127.0.0.1:${port}/echo`, undefined],
    ])
  })

  it('takes every method, and bodies with what they declare', async () => {
    const { http } = start()
    for (const name of ['post', 'put', 'patch', 'del', 'options']) await http[name](`${base}/echo`, { a: 1 })
    await http['head'](`${base}/echo`)
    await http['request']('PROPFIND', `${base}/echo`)
    expect(seen.map(({ line, body }) => `${line.split(' ')[0]} ${body}`)).toEqual([
      'POST a=1',
      'PUT a=1',
      'PATCH a=1',
      'DELETE a=1',
      'OPTIONS a=1',
      'HEAD ',
      'PROPFIND ',
    ])
    expect(headerOf(seen[0]?.headers ?? [], 'content-type')).toBe('application/x-www-form-urlencoded')
  })

  it('sends an empty text chunked and no body with length 0, as Go does', async () => {
    const { http } = start()
    await http['post'](`${base}/echo`, '')
    await http['post'](`${base}/echo`)
    await http['del'](`${base}/echo`, '')
    expect(seen.map(({ headers }) => headers.slice(4))).toEqual([
      ['Transfer-Encoding', 'chunked'],
      ['Content-Length', '0'],
      [],
    ])
  })

  it('packs the body and warns of a Content-Encoding that says otherwise', async () => {
    const { http, scope } = start()
    const reply: Reply = await http['post'](`${base}/echo`, 'abc', { compression: 'gzip, br' })
    expect(headerOf(seen[0]?.headers ?? [], 'content-encoding')).toBe('gzip, br')
    expect(reply.request.body).toBe('abc')
    await http['post'](`${base}/echo`, 'abc', { compression: 'gzip', headers: { 'content-encoding': 'x' } })
    expect(scope.lines[0]?.message).toContain("There's a mismatch between the desired `compression`")
  })

  it('sends headers as given, canonical, sorted, with the Host of the script and its own Content-Length', async () => {
    const { http, scope } = start()
    await http['get'](`${base}/echo`, {
      headers: { 'x-b': 1, HOST: 'my.host', 'content-length': '5', 'User-Agent': '' },
    })
    expect(seen[0]?.headers).toEqual(['Host', 'my.host', 'X-B', '1'])
    expect(scope.lines[0]?.message).toBe(
      `The specified Content-Length header "5" in the GET request for ${base}/echo doesn't match the actual request body length of 0, so it will be ignored!`,
    )
  })

  it('gives bytes of the realm, no body, or text, as asked', async () => {
    const { http, scope } = start()
    const binary: Reply = await http['get'](`${base}/bytes`, { responseType: 'binary' })
    expect(binary.body).toBeInstanceOf(scope.realm.ArrayBuffer)
    expect([...new Uint8Array(binary.body as ArrayBuffer)]).toEqual([0, 255, 128, 10])
    expect((await http['get'](`${base}/bytes`, { responseType: 'none' })).body).toBeNull()
    expect((await http['get'](`${base}/bytes`)).body).toBe('\0\ufffd\ufffd\n')
    const discarding = start({ options: { discardResponseBodies: true } })
    expect((await discarding.http['get'](`${base}/bytes`)).body).toBeNull()
    expect((await discarding.http['get'](`${base}/bytes`, { responseType: 'text' })).body).toBe('\0\ufffd\ufffd\n')
  })

  it('unpacks an answer and makes an error of one that cannot be unpacked', async () => {
    const { http, scope } = start()
    expect((await http['get'](`${base}/gzip`)).body).toBe('unpacked')
    const bad: Reply = await http['get'](`${base}/gzip?bad=1`)
    expect(bad).toMatchObject({ status: 0, error_code: 1701, body: null, headers: {} })
    expect(of(scope, 'http_reqs')[1]?.tags).toMatchObject({ status: '0', error_code: '1701' })
    expect(scope.lines[0]?.fields).toEqual({ error: 'error decompressing response body (gzip: invalid header)' })
  })
})

describe('errors', () => {
  it('are a warning and a response with status 0, or thrown when asked', async () => {
    const { http, scope } = start()
    const reply: Reply = await http['get']('http://127.0.0.1:1/')
    expect(reply).toMatchObject({ status: 0, error: 'dial: connection refused', error_code: 1212, body: null })
    const text = 'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused'
    expect(scope.lines).toEqual([{ level: 'warn', message: 'Request Failed', fields: { error: text } }])
    expect(of(scope, 'http_reqs')[0]?.tags).toMatchObject({
      error: 'dial: connection refused',
      error_code: '1212',
      expected_response: 'false',
      status: '0',
    })
    expect(of(scope, 'http_req_failed')[0]?.value).toBe(1)
    const error: Error = await http['get']('http://127.0.0.1:1/', { throw: true }).catch((thrown: Error) => thrown)
    expect(error).toBeInstanceOf(scope.realm.GoError)
    expect(error.message).toBe(text)
  })

  it('of the URL and of params make no request and no sample', async () => {
    const { http, scope } = start()
    expect(await http['get']('://x')).toMatchObject({
      error: 'invalid URL: parse "://x": missing protocol scheme',
      error_code: 1020,
      request: null,
    })
    expect(await http['get'](5)).toMatchObject({ error: "invalid URL: '#5'", error_code: 1020 })
    for (const [params, message] of [
      [{ timeout: 'abc' }, 'invalid timeout value: time: invalid duration "abc"'],
      [{ responseType: 'foo' }, 'foo does not belong to ResponseType values'],
      [{ responseCallback: 5 }, 'unsupported responseCallback'],
      [{ compression: 'foo' }, 'unknown compression algorithm foo, supported algorithms are [gzip deflate zstd br]'],
    ] as const) {
      expect(await http['get'](base, params)).toMatchObject({ error: message, error_code: 0 })
    }
    expect(scope.taken).toEqual([])
    const throwing = start({ options: { throw: true } })
    expect(() => throwing.http['get']('://x')).toThrow('invalid URL: parse "://x": missing protocol scheme')
  })

  it('of a header or method that cannot be sent are requests that failed', async () => {
    const { http, scope } = start()
    const reply: Reply = await http['get'](`${base}/echo`, { headers: { bad: 'x\r\nInjected: y' } })
    expect(reply).toMatchObject({ error: 'net/http: invalid header field value for "Bad"', error_code: 1000 })
    expect((await http['request']('a b', base)).error).toBe('net/http: invalid method "a b"')
    expect((await http['get']('ftp://h/')).error).toBe('unsupported protocol scheme "ftp"')
    expect(of(scope, 'http_reqs')).toHaveLength(3)
    expect(seen).toEqual([])
  })

  it('come at the timeout, also when it is 0', async () => {
    const { http } = start()
    expect(await http['get'](`${base}/never`, { timeout: '30ms' })).toMatchObject({ status: 0, error_code: 1050 })
    expect(await http['get'](`${base}/echo`, { timeout: 0 })).toMatchObject({
      error: 'request timeout',
      error_code: 1050,
    })
  })

  it('forbid everything in the init context in the words of k6', () => {
    const { http } = start({ phase: 'init' })
    const requests = 'Making http requests in the init context is not supported'
    expect(() => http['get'](base)).toThrow(requests)
    expect(() => http['post'](base)).toThrow(requests)
    expect(() => http['asyncRequest']('GET', base)).toThrow(requests)
    expect(() => http['batch']([base])).toThrow('Using batch in the init context is not supported')
    expect(() => http['cookieJar']()).toThrow('Making cookie jars in the init context is not supported')
    expect(http['expectedStatuses'](200)).toBeDefined()
  })

  it('end a request that is interrupted, without a sample', async () => {
    const { http, scope } = start()
    const ending = (http['get'](`${base}/never`) as Promise<unknown>).catch((error: unknown) => error)
    await new Promise((resolve) => setTimeout(resolve, 20))
    scope.loop.interrupt(new Interruption('stop'))
    expect(await ending).toBeInstanceOf(Interruption)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(scope.taken).toEqual([])
    expect(scope.lines).toEqual([])
  })
})

describe('redirects', () => {
  it('are requests of their own, and turn a POST into a GET without its body', async () => {
    const { http, scope } = start()
    const headers = { 'content-type': 'text/x', 'x-k': '1', authorization: 'zz' }
    const reply: Reply = await http['post'](`${base}/redirect/2`, 'bd', { headers })
    expect(seen.map(({ line, body }) => [line, body])).toEqual([
      ['POST /redirect/2', 'bd'],
      ['GET /redirect/1?code=302', ''],
      ['GET /redirect/0?code=302', ''],
    ])
    expect(seen[2]?.headers.slice(4)).toEqual([
      'Authorization',
      'zz',
      'Cookie',
      'hop2=v; hop1=v',
      'Referer',
      `${base}/redirect/1?code=302`,
      'X-K',
      '1',
    ])
    expect(reply.url).toBe(`${base}/redirect/0?code=302`)
    expect(reply.request).toMatchObject({ method: 'POST', url: `${base}/redirect/2`, body: 'bd' })
    expect(of(scope, 'http_reqs').map(({ tags }) => [tags['method'], tags['status'], tags['url']])).toEqual([
      ['POST', '302', `${base}/redirect/2`],
      ['GET', '302', `${base}/redirect/1?code=302`],
      ['GET', '200', `${base}/redirect/0?code=302`],
    ])
  })

  it.each([
    [301, 'PUT', 'GET', ''],
    [303, 'HEAD', 'HEAD', ''],
    [307, 'POST', 'POST', 'bd'],
    [308, 'DELETE', 'DELETE', 'bd'],
  ])('with %i: %s goes on as %s', async (code, method, next, body) => {
    const { http } = start()
    await http['request'](method, `${base}/redirect/1?code=${code}`, method === 'HEAD' ? null : 'bd')
    expect(seen[1]?.line.split(' ')[0]).toBe(next)
    expect(seen[1]?.body).toBe(body)
  })

  it('stop at maxRedirects with the warning of k6, and silently at a limit of the call', async () => {
    const { http, scope } = start()
    const last: Reply = await http['get'](`${base}/redirect/12`)
    expect(last).toMatchObject({ status: 302, url: `${base}/redirect/2?code=302` })
    expect(scope.lines).toEqual([
      {
        level: 'warn',
        message:
          'Stopped after 11 redirects and returned the redirection; pass { redirects: n } in request params or set global maxRedirects to silence this',
        fields: { url: `${base}/redirect/12` },
      },
    ])
    scope.lines.length = 0
    expect(await http['get'](`${base}/redirect/3`, { redirects: 1 })).toMatchObject({ status: 302 })
    expect(await http['get'](`${base}/redirect/3`, { redirects: 0 })).toMatchObject({ url: `${base}/redirect/3` })
    expect(scope.lines).toEqual([])
  })

  it('to another host lose the headers that are secrets', async () => {
    const { http } = start()
    const to = encodeURIComponent(`http://localhost:${port}/echo`)
    const headers = { Authorization: 'a', Cookie: 'x=1', 'WWW-Authenticate': 'w', X: '1', Host: 'my.h' }
    const reply: Reply = await http['get'](`${base}/to?l=${to}`, { headers, cookies: { z: '1' } })
    expect(reply.json('headers')).toEqual([
      'Host',
      `localhost:${port}`,
      'User-Agent',
      'Grafana k6/2.2.0',
      'Cookie',
      'z=1',
      'Referer',
      `${base}/to?l=${to}`,
      'X',
      '1',
    ])
  })

  it('to nowhere are errors of the request that was redirected or of the one that followed', async () => {
    const { http, scope } = start()
    const broken: Reply = await http['get'](`${base}/to?l=${encodeURIComponent('://bad')}`)
    expect(broken.error).toBe('failed to parse Location header "://bad": parse "://bad": missing protocol scheme')
    expect(of(scope, 'http_reqs')).toHaveLength(1)
    expect(of(scope, 'http_reqs')[0]?.tags['status']).toBe('0')
    const refused: Reply = await http['get'](`${base}/to?l=${encodeURIComponent('http://127.0.0.1:1/x')}`)
    expect(refused).toMatchObject({ url: 'http://127.0.0.1:1/x', error_code: 1212 })
    expect(of(scope, 'http_reqs').map(({ tags }) => tags['status'])).toEqual(['0', '302', '0'])
    expect(await http['get'](`${base}/to?l=`)).toMatchObject({ status: 302, body: 'moved' })
  })
})

describe('authentication', () => {
  it('sends credentials of the URL, and answers a digest challenge with a second request', async () => {
    const { http, scope } = start()
    await http['get'](`http://user:p%40ss@127.0.0.1:${port}/echo`)
    expect(headerOf(seen[0]?.headers ?? [], 'authorization')).toBe(`Basic ${btoa('user:p@ss')}`)
    const reply: Reply = await http['get'](`http://user:pass@127.0.0.1:${port}/digest`, { auth: 'digest' })
    expect(reply).toMatchObject({ status: 200, body: 'in', url: `${base}/digest` })
    expect(of(scope, 'http_reqs').map(({ tags }) => [tags['status'], tags['expected_response'], tags['url']])).toEqual([
      ['200', 'true', `http://****:****@127.0.0.1:${port}/echo`],
      ['401', 'true', `${base}/digest`],
      ['200', 'true', `${base}/digest`],
    ])
  })
})

describe('cookies', () => {
  it('are kept for the iteration, shown in the response, and gone with the jar', async () => {
    const { http, scope } = start()
    const line = encodeURIComponent('a=b; Path=/; HttpOnly; Max-Age=5')
    const reply: Reply = await http['get'](`${base}/set?c=${line}&c=q=1`)
    expect(reply.cookies).toEqual({
      a: [
        {
          name: 'a',
          value: 'b',
          domain: '',
          path: '/',
          http_only: true,
          secure: false,
          max_age: 5,
          expires: -6795364578871,
        },
      ],
      q: [
        {
          name: 'q',
          value: '1',
          domain: '',
          path: '',
          http_only: false,
          secure: false,
          max_age: 0,
          expires: -6795364578871,
        },
      ],
    })
    expect(reply.headers['Set-Cookie']).toBe('a=b; Path=/; HttpOnly; Max-Age=5, q=1')
    expect(reply.headers['X-Multi']).toBe('a, b')
    const again: Reply = await http['get'](`${base}/echo`)
    expect(again.request.headers['Cookie']).toEqual(['a=b; q=1'])
    resetJar(scope)
    expect((await http['get'](`${base}/echo`)).request.headers['Cookie']).toBeUndefined()
  })

  it('of the call come beside those of the jar or replace them', async () => {
    const { http } = start()
    const jar = http['cookieJar']()
    jar.set(base, 'a', '1')
    expect(jar.cookiesForURL(base)).toEqual({ a: ['1'] })
    const cookie = async (params: object): Promise<unknown> =>
      (await http['get'](`${base}/echo`, params)).request.headers.Cookie?.[0]
    expect(await cookie({ cookies: { b: '2' } })).toBe('b=2; a=1')
    expect(await cookie({ cookies: { a: '2' } })).toBe('a=2; a=1')
    expect(await cookie({ cookies: { a: { value: '2', replace: true } } })).toBe('a=2')
    const own = new http['CookieJar']()
    expect(await cookie({ jar: own })).toBeUndefined()
    jar.delete(base, 'a')
    jar.set(base, 'c', '1', { path: '/sub', max_age: 5 })
    expect(jar.cookiesForURL(`${base}/sub/x`)).toEqual({ c: ['1'] })
    expect(() => jar.set('::', 'a', 'b')).toThrow('parse "::": missing protocol scheme')
    expect(() => jar.delete(base, '')).toThrow('cookie: is null')
    expect(Object.keys(jar)).toEqual(['clear', 'cookiesForURL', 'delete', 'set'])
    expect(JSON.parse(JSON.stringify(jar))).toEqual({})
  })
})

describe('batch', () => {
  it('answers in the shape and order given', async () => {
    const { http } = start()
    const list: Reply[] = await http['batch']([
      `${base}/status/201`,
      ['POST', `${base}/echo`, 'x', { tags: { a: '1' } }],
      { method: 'put', url: `${base}/echo`, body: 'q' },
      http['url']`${base}/echo`,
    ])
    expect(list.map(({ status }) => status)).toEqual([201, 200, 200, 200])
    expect(list[2]?.json('method')).toBe('PUT')
    const named = await http['batch']({ b: `${base}/status/202`, a: ['GET', `${base}/echo`] })
    expect(Object.keys(named)).toEqual(['b', 'a'])
    expect(named.b.status).toBe(202)
    expect(await http['batch']([])).toEqual([])
  })

  it('keeps to its limits', async () => {
    let open = 0
    let most = 0
    const slow = createServer((_, response) => {
      most = Math.max(most, ++open)
      setTimeout(() => {
        open--
        response.end()
      }, 10)
    })
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`
    await start({ options: { batch: 3, batchPerHost: 20 } }).http['batch'](Array(12).fill(url))
    expect(most).toBe(3)
    most = 0
    await start({ options: { batch: 20, batchPerHost: 2 } }).http['batch'](Array(12).fill(url))
    expect(most).toBe(2)
    slow.closeAllConnections()
    slow.close()
  })

  it('sends nothing when one request cannot be read', async () => {
    const { http, scope } = start()
    const list = await http['batch']([`${base}/a`, '://', base])
    expect(list.map((reply: Reply | null) => reply?.error)).toEqual([
      '',
      'invalid URL: parse "://": missing protocol scheme',
      undefined,
    ])
    expect(scope.lines[0]).toMatchObject({ message: 'A batch request failed' })
    expect(seen).toEqual([])
    expect((await http['batch']([['GET']]))[0].error).toBe(`invalid batch request '[]interface {}{"GET"}'`)
    expect((await http['batch']([{}]))[0].error).toBe("batch request 0 doesn't have a url key")
    expect(() => http['batch']()).toThrow('no argument was provided to http.batch()')
    expect(() => http['batch'](5)).toThrow('invalid http.batch() argument type int64')
  })

  it('throws the first error of a request that throws, after all have ended', async () => {
    const { http, scope } = start()
    const failing = http['batch']([['GET', 'http://127.0.0.1:1/', null, { throw: true }], `${base}/echo`])
    await expect(failing).rejects.toThrow('connection refused')
    expect(of(scope, 'http_reqs')).toHaveLength(2)
  })
})

describe('asyncRequest', () => {
  it('answers a promise of the realm and holds the iteration until it is settled', async () => {
    const { http, scope } = start()
    const promise = http['asyncRequest']('GET', `${base}/echo`)
    expect(promise).toBeInstanceOf(scope.realm.Promise)
    let idle = false
    scope.loop.whenIdle(() => {
      idle = true
    })
    expect(idle).toBe(false)
    expect((await promise).status).toBe(200)
    await expect(http['asyncRequest']('GET', 'http://127.0.0.1:1/', null, { throw: true })).rejects.toThrow('refused')
    expect((await http['asyncRequest']('GET', '://')).error_code).toBe(1020)
  })
})

describe('expected statuses', () => {
  it('decide http_req_failed, for the VU or for one call, or not at all', async () => {
    const { http, scope } = start()
    http['setResponseCallback'](http['expectedStatuses'](404, { min: 500, max: 599 }))
    await http['get'](`${base}/status/404`)
    await http['get'](`${base}/status/503`)
    await http['get'](`${base}/status/200`)
    await http['get'](`${base}/status/200`, { responseCallback: http['expectedStatuses'](200) })
    expect(of(scope, 'http_req_failed').map(({ value }) => value)).toEqual([0, 0, 1, 0])
    http['setResponseCallback'](null)
    await http['get'](`${base}/status/500`)
    expect(of(scope, 'http_req_failed')).toHaveLength(4)
    expect(of(scope, 'http_reqs')[4]?.tags['expected_response']).toBeUndefined()
    expect(() => http['setResponseCallback'](5)).toThrow('unsupported argument, expected http.expectedStatuses')
    expect(() => http['expectedStatuses']()).toThrow('no arguments')
    expect(() => http['expectedStatuses']({ min: '1', max: 2 })).toThrow('both min and max need to be integers')
  })
})

describe('the response', () => {
  it('has the fields of k6 as its own, in order, and its methods after them', async () => {
    const { http, scope } = start()
    const reply = await http['get'](`${base}/echo`)
    expect(Object.keys(reply).join()).toBe(
      'remote_ip,remote_port,url,status,status_text,proto,headers,cookies,body,timings,tls_version,tls_cipher_suite,ocsp,error,error_code,request,clickLink,html,json,submitForm',
    )
    expect(Object.keys(JSON.parse(JSON.stringify(reply)))).toHaveLength(16)
    expect({ ...reply }.status).toBe(200)
    expect('body' in reply && !('nothing' in reply) && Object.hasOwn(reply, 'body')).toBe(true)
    expect(reply).toBeInstanceOf(scope.realm.Object)
    expect(reply.headers).toBeInstanceOf(scope.realm.Object)
    expect(reply.headers).toBe(reply.headers)
    const { json } = reply
    expect(json('url')).toBe('/echo')
  })

  it('lets its fields be written and nothing else', async () => {
    const { http, scope } = start()
    const reply = await http['get'](`${base}/echo`)
    reply.body = '{"c":1}'
    reply.headers.X = '1'
    expect([reply.body, reply.headers.X, reply.json('c')]).toEqual(['{"c":1}', '1', 1])
    expect(() => {
      reply.foo = 1
    }).toThrow(scope.realm.TypeError)
    expect(() => delete reply.body).toThrow('Cannot delete property body from a Go type')
  })

  it('reads JSON into the realm, once, and says where it is none', async () => {
    const { http, scope } = start()
    const reply = await http['get'](`${base}/echo`)
    expect(reply.json()).toBeInstanceOf(scope.realm.Object)
    reply.json().own = 5
    expect(reply.json().own).toBe(5)
    const text = await http['get'](`${base}/status/200`)
    expect(() => text.json()).toThrow(
      "cannot parse json due to an error at line 1, character 1 , error: invalid character 's' looking for beginning of value",
    )
    expect(text.json('a')).toBeUndefined()
    const none = await http['get'](`${base}/echo`, { responseType: 'none' })
    expect(() => none.json()).toThrow("the body is null so we can't transform it to JSON")
    expect(() => none.html()).toThrow("the body is null so we can't transform it to HTML")
  })
})

describe('pages', () => {
  beforeAll(() => preloadHtml())

  it('have their forms filled in and sent', async () => {
    const { http } = start()
    const page = await http['get'](`${base}/page`)
    expect(page.html('a').text()).toBe('link')
    await page.submitForm({ fields: { a: '9' } })
    await page.submitForm({ formSelector: '#g', fields: { z: 1 } })
    expect(seen.slice(1).map(({ line, body }) => [line, body])).toEqual([
      ['POST /echo', 'a=9&go=Go&q=x+y'],
      ['GET /echo?q=x+y&z=1', ''],
    ])
    expect(() => page.submitForm({ formSelector: '#none' })).toThrow(
      `no form found for selector '#none' in response '${base}/page'`,
    )
  })

  it('have their links followed', async () => {
    const { http } = start()
    const page = await http['get'](`${base}/page`)
    await page.clickLink({ params: { headers: { q: '1' } } })
    expect(seen[1]?.line).toBe('GET /echo?link=1')
    expect(headerOf(seen[1]?.headers ?? [], 'q')).toBe('1')
    expect(() => page.clickLink({ selector: 'b' })).toThrow(
      `no element found for selector 'b' in response '${base}/page'`,
    )
    expect(() => page.clickLink({ selector: 'form' })).toThrow(
      `no valid href attribute value found on element 'form' in response '${base}/page'`,
    )
  })
})

describe('many URLs', () => {
  it('are kept apart up to a bound, then templated with one warning', async () => {
    const { http, scope } = start()
    for (let i = 0; i < maxExactNames + 50; i++) await http['get'](`${base}/items/${i}?q=${i}`)
    const names = of(scope, 'http_reqs').map(({ tags }) => tags['name'])
    expect(new Set(names.slice(0, maxExactNames)).size).toBe(maxExactNames)
    expect(new Set(names.slice(maxExactNames))).toEqual(new Set([`${base}/items/{id}?q={value}`]))
    await http['get'](`${base}/items/3?q=3`)
    expect(of(scope, 'http_reqs').at(-1)?.tags['name']).toBe(`${base}/items/3?q=3`)
    expect(scope.lines).toHaveLength(1)
    expect(scope.lines[0]?.message).toContain('tags: { name:')
  })
})

describe('rps and http-debug', () => {
  it('waits for its turn under a rate limit', async () => {
    const waiting: (() => void)[] = []
    const { http } = start({
      rateLimit: (go) => {
        waiting.push(go)
        return () => {}
      },
    })
    const reply = http['get'](`${base}/echo`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(seen).toEqual([])
    waiting[0]?.()
    expect((await reply).status).toBe(200)
  })

  it('logs requests and answers in the form of k6', async () => {
    const { http, scope } = start({ options: { httpDebug: 'full' } })
    await http['post'](`${base}/status/404`, 'body', { headers: { 'x-b': '1' }, tags: { t: '1' } })
    expect(scope.lines[0]?.message).toBe(
      `Request:\nPOST /status/404 HTTP/1.1\nHost: 127.0.0.1:${port}\nUser-Agent: Grafana k6/2.2.0\nContent-Length: 4\nX-B: 1\nAccept-Encoding: gzip\n\nbody\n`,
    )
    expect(scope.lines[1]?.message).toMatch(
      /^Response:\nHTTP\/1.1 404 Not Found\nContent-Length: 2\nConnection: keep-alive\nDate: [^\n]+\nKeep-Alive: timeout=5\n\nst\n$/,
    )
    const fields = scope.lines[0]?.fields
    expect(fields).toMatchObject({ group: '', iter: 0, scenario: 'default', source: 'http-debug', t: '1', vu: 1 })
    expect(fields?.['request_id']).toBe(scope.lines[1]?.fields?.['request_id'])
  })
})
