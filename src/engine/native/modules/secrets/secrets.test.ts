import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '#base/clock.js'
import { createTestScope } from '../data/testing/scope.js'
import { createSecretsModule } from './index.js'
import { Redactor } from './redactor.js'
import { readSecretSources, type SecretSourceHost } from './sources.js'
import { SecretVault } from './vault.js'

const host = (files: Record<string, string> = {}, env: Record<string, string> = {}): SecretSourceHost => ({
  env,
  readFile: (path) => {
    if (files[path] === undefined) throw new Error(`open ${path}: no such file or directory`)
    return files[path]
  },
})
const read = (lines: readonly string[], files?: Record<string, string>, env?: Record<string, string>) =>
  readSecretSources(lines, host(files, env))
const vault = (lines: readonly string[], files?: Record<string, string>): { vault: SecretVault; seen: string[] } => {
  const seen: string[] = []
  return {
    vault: new SecretVault(
      read(lines, files),
      (value) => seen.push(value),
      systemClock,
      () => 0,
    ),
    seen,
  }
}

describe('--secret-source', () => {
  it('reads names and values from the command line and from files, with one default', async () => {
    const { vault: secrets, seen } = vault(
      ['mock=default,cool=cool secret', 'mock=name=another,cool=not=cool', 'file=s.txt'],
      { 's.txt': 'key=very secret\r\nother=x\n' },
    )
    expect(await secrets.get('default', 'cool')).toBe('cool secret')
    expect(await secrets.get('mock', 'cool')).toBe('cool secret')
    expect(await secrets.get('another', 'cool')).toBe('not=cool')
    expect(await secrets.get('file', 'key')).toBe('very secret')
    expect(seen).toEqual(['cool secret', 'not=cool', 'very secret'])
  })

  it('makes a single source the default one, and none of several', async () => {
    expect(await vault(['mock=name=a,k=v']).vault.get('default', 'k')).toBe('v')
    await expect(vault(['mock=name=a,k=v', 'mock=name=b,k=v']).vault.get('default', 'k')).rejects.toThrow(
      'no secret source with name "default" is configured',
    )
  })

  it.each([
    [['mock=a=1', 'mock=b=2'], 'secret source for name "mock" already registered before configuration for type "mock"'],
    [['mock=default,name=a,b=1', 'mock=default,c=2'], `can't have two secret sources that are default ones`],
    [['zz=1'], 'no secret source for type "zz"'],
    [[''], `couldn't parse secret source configuration ""`],
    [['mock'], 'parsing "", needs ='],
    [['file=/nope'], 'open /nope: no such file or directory'],
    [['file=a,b=c'], 'unknown configuration key for file secret source "b"'],
    [['cloud'], "'cloud' is not a valid value for --secret-source"],
    [['url'], 'missing or invalid config: urlTemplate is required'],
    [['url=urlTemplate=http://x/'], 'missing or invalid config: urlTemplate must contain {key} placeholder'],
    [['url=urlTemplate=/x/{key}'], 'urlTemplate must be an absolute URL'],
    [['url=urlTemplate=http://x/{key},timeout=5'], 'invalid timeout'],
    [['url=urlTemplate=http://x/{key},maxRetries=-1'], 'maxRetries must be non-negative'],
    [['url=urlTemplate=http://x/{key},what=1'], 'unknown configuration key: "what"'],
  ])('refuses %j', (lines, message) => {
    expect(() => read(lines)).toThrow(message)
  })

  it('does not repeat a value that lost its name', () => {
    expect(() => read(['mock=a=1,hunter2'])).toThrow(/^parsing entry 2, needs =$/)
  })

  it('puts the command line over the file over the environment for url sources', () => {
    const { sources } = read(
      ['url=config=c.json,timeout=5s'],
      {
        'c.json': JSON.stringify({ urlTemplate: 'http://f/{key}', timeout: '9s', headers: { A: 'b' }, maxRetries: 1 }),
      },
      { K6_SECRET_SOURCE_URL_URL_TEMPLATE: 'http://e/{key}', K6_SECRET_SOURCE_URL_METHOD: 'POST' },
    )
    expect(sources[0]).toMatchObject({
      urlTemplate: 'http://f/{key}',
      timeoutMs: 5000,
      headers: { A: 'b' },
      method: 'POST',
      maxRetries: 1,
      burst: 10,
    })
  })
})

describe('a url source', () => {
  let close = (): void => {}
  afterEach(() => close())
  const serve = (answer: (path: string, n: number) => { status?: number; body: string }): Promise<string> =>
    new Promise((resolve) => {
      let n = 0
      const server = createServer((request, response) => {
        const { status = 200, body } = answer(request.url ?? '', n++)
        response.writeHead(status).end(body)
      })
      close = () => void server.close()
      server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
    })
  const url = (base: string, more = ''): SecretVault => vault([`url=urlTemplate=${base}/s/{key}${more}`]).vault

  it('takes the body, or what a path of its JSON names, once per key', async () => {
    let asked = 0
    const base = await serve((path) => {
      asked++
      return { body: path === '/s/a' ? 'plain' : '{"data":{"value":"deep","n":1}}' }
    })
    const plain = url(base)
    expect(await Promise.all([plain.get('default', 'a'), plain.get('url', 'a')])).toEqual(['plain', 'plain'])
    expect(asked).toBe(1)
    expect(await url(base, ',responsePath=data.value').get('url', 'b')).toBe('deep')
    await expect(url(base, ',responsePath=data.n').get('url', 'b')).rejects.toThrow('is not a string (got Number)')
    await expect(url(base, ',responsePath=x').get('url', 'b')).rejects.toThrow('path "x" not found in response')
  })

  it('tries again after 5xx and 429, not after 404, and says what came last', async () => {
    const base = await serve((_, n) =>
      n === 0 ? { status: 503, body: '' } : n === 1 ? { body: 'ok' } : { status: 404, body: '' },
    )
    const source = url(base, ',retryBackoff=1ms,maxRetries=1')
    expect(await source.get('url', 'a')).toBe('ok')
    await expect(source.get('url', 'b')).rejects.toThrow('status code 404: failed to get secret')
  })

  it('refuses an answer that is too large', async () => {
    const base = await serve(() => ({ body: 'x'.repeat(30_000) }))
    await expect(url(base).get('url', 'a')).rejects.toThrow('exceeds maximum size of 24576 bytes')
  })
})

describe('k6/secrets', () => {
  it('answers promises of the realm and rejects with values that are no Error, as Go errors are in k6', async () => {
    const scope = createTestScope()
    const secrets = new SecretVault(read(['mock=k=v']), () => {}, systemClock)
    const module = createSecretsModule(Object.assign(Object.create(scope), { secrets }) as typeof scope)
    const answer = (await scope.run(
      `(async () => {
        const p = secrets.get('k')
        const seen = [p instanceof Promise, await p, await secrets.source('mock').get('k')]
        for (const ask of [() => secrets.get('x'), () => secrets.source('no').get('k')])
          try { await ask() } catch (e) { seen.push(String(e), e instanceof Error, e.error()) }
        return seen.join('|')
      })()`,
      { secrets: module['default'] },
    )) as string
    expect(answer).toBe(
      'true|v|v|no value|false|no value|no secret source with name "no" is configured|false|no secret source with name "no" is configured',
    )
  })
})

describe('the redactor', () => {
  const redactor = new Redactor()
  redactor.event({ type: 'secret', value: 'a"b c' })
  redactor.event({ type: 'secret', value: 'pass' })
  redactor.event({ type: 'secret', value: 'password' })
  redactor.event({ type: 'secret', value: '  ' })

  it('strikes values out of lines, fields, tags, error samples, reasons and failures', () => {
    expect(redactor.text('x password a"b c {"k":"a\\"b c"} ?q=a%22b%20c  .')).toBe(
      'x ***SECRET_REDACTED*** ***SECRET_REDACTED*** {"k":"***SECRET_REDACTED***"} ?q=***SECRET_REDACTED***  .',
    )
    expect(
      redactor.event({
        type: 'log',
        lines: [{ level: 'info', message: 'pass', fields: { pass: 'pass', n: 1 }, unixMs: 0 }],
      }),
    ).toEqual({
      type: 'log',
      lines: [
        {
          level: 'info',
          message: '***SECRET_REDACTED***',
          fields: { '***SECRET_REDACTED***': '***SECRET_REDACTED***', n: 1 },
          unixMs: 0,
        },
      ],
    })
    expect(redactor.event({ type: 'abort', kind: 'abort', reason: 'pass' })).toMatchObject({
      reason: '***SECRET_REDACTED***',
    })
    expect(redactor.failure({ message: 'pass', stack: 'at pass', kind: 'exception', phase: 'vu' })).toMatchObject({
      message: '***SECRET_REDACTED***',
      stack: 'at ***SECRET_REDACTED***',
    })
    const window = redactor.event({
      type: 'window',
      window: {
        batch: { tagSets: [{ id: 1, entries: [['url', 'http://h/?k=pass'] as const] }] },
        errors: [{ message: 'pass', count: 1 }],
      },
    } as never)
    expect(window).toMatchObject({
      window: {
        batch: { tagSets: [{ id: 1, entries: [['url', 'http://h/?k=***SECRET_REDACTED***']] }] },
        errors: [{ message: '***SECRET_REDACTED***', count: 1 }],
      },
    })
  })
})
