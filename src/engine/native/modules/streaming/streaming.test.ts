import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#base/package-root.js'
import { Interruption } from '../../interrupt.js'
import { createTestScope, type TestScope } from '../../testing/scope.js'
import { createSseModule, createStreamingModule } from './index.js'
import { type SseEvent, SseParser } from './sse-parser.js'

// biome-ignore lint: a script's view of the module, which has no types.
type Any = any

let child: ChildProcess
let base = ''
const scopes: TestScope[] = []

beforeAll(async () => {
  const file = join(packageRoot(), 'test', 'targets', 'llm-server.mjs')
  child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  base = (JSON.parse(line.toString()) as { url: string }).url
})
afterEach(() => {
  for (const scope of scopes.splice(0)) scope.close()
})
afterAll(() => {
  child.stdin!.end()
})

function scopeOf(): { scope: TestScope; stream: Any; events: Any; open: Any } {
  const scope = createTestScope()
  scopes.push(scope)
  const { stream, events } = createStreamingModule(scope) as Record<string, Any>
  const { open } = createSseModule(scope) as Record<string, Any>
  return { scope, stream, events, open }
}

const values = (scope: TestScope, metric: string): number[] =>
  scope.taken.filter((sample) => sample.metric === metric).map(({ value }) => value)

describe('stream', () => {
  it('counts the tokens of a language model and times the first and the others', async () => {
    const { scope, stream } = scopeOf()
    const body = JSON.stringify({ max_tokens: 6, first_ms: 60, gap_ms: 20, stream_options: { include_usage: true } })
    const answer = await stream('POST', `${base}/v1/chat/completions`, body, { tokens: 'openai', tags: { model: 'm' } })
    expect(answer).toMatchObject({ status: 200, error: '', tokens: { count: 6 }, chunks: 10 })
    // The server waits at least so long; what the machine adds is not judged.
    expect(answer.tokens.time_to_first).toBeGreaterThanOrEqual(59)
    expect(answer.tokens.time_per_token).toBeGreaterThanOrEqual(19)
    expect(answer.timings.ttfb).toBeLessThan(answer.tokens.time_to_first)
    expect(answer.timings.duration).toBeGreaterThanOrEqual(159)
    expect(values(scope, 'time_to_first_token')).toEqual([answer.tokens.time_to_first])
    expect(values(scope, 'output_tokens')).toEqual([6])
    expect(values(scope, 'stream_chunk_gap')).toHaveLength(9)
    expect(values(scope, 'stream_failed')).toEqual([0])
    expect(values(scope, 'http_reqs')).toEqual([1])
    const { tags } = scope.taken.find(({ metric }) => metric === 'time_to_first_token')!
    expect(tags).toMatchObject({ model: 'm', name: `${base}/v1/chat/completions` })
  })

  it('counts by a function of the script', async () => {
    const { stream } = scopeOf()
    const answer = await stream('GET', `${base}/sse/3`, null, {
      tokens: ({ data }: SseEvent) => data.split(' ').length,
    })
    expect(answer.tokens.count).toBe(6)
  })

  it('stops when a handler answers false', async () => {
    const { stream } = scopeOf()
    const heard: string[] = []
    const answer = await stream('GET', `${base}/chunks/1000`, null, {
      onChunk: ({ data }: Any) => heard.push(data) < 3,
    })
    expect(heard).toHaveLength(3)
    expect(answer.error).toBe('')
  })

  it.each([
    ['cut', 'unexpected EOF', 1000, 2],
    ['endless', 'an event of more than 16777216 characters; the stream was cut off', 1000, 0],
    ['silent', 'request timeout', 1050, 0],
  ])('makes an error sample of a server that misbehaves: %s', async (path, error, code, events) => {
    const { scope, stream } = scopeOf()
    const timeout = path === 'silent' ? 300 : 60_000
    const answer = await stream('GET', `${base}/${path}`, null, { sse: true, timeout })
    expect(answer).toMatchObject({ error, error_code: code, chunks: events })
    expect(values(scope, 'stream_failed')).toEqual([1])
    expect(values(scope, 'http_req_failed')).toEqual([1])
  })

  it('shows the body of a refusal', async () => {
    const { stream } = scopeOf()
    const answer = await stream('POST', `${base}/v1/x`, 'no json', { tokens: 'openai' })
    expect([answer.status, answer.body]).toEqual([400, '{"error":{"message":"not JSON"}}'])
  })

  it('ends with the iteration', async () => {
    const { scope, stream } = scopeOf()
    const running = stream('GET', `${base}/silent`, null, {
      onOpen: () => scope.loop.interrupt(new Interruption('over')),
    })
    await expect(running).rejects.toBeInstanceOf(Interruption)
  })

  it('is an async iterable of events, too', async () => {
    const { events } = scopeOf()
    const heard: string[] = []
    const running = events('GET', `${base}/sse/5`)
    for await (const { id } of running) heard.push(id)
    expect(heard).toEqual(['0', '1', '2', '3', '4'])
    expect(running.result).toMatchObject({ status: 200, chunks: 5 })
    for await (const { id } of events('GET', `${base}/sse/5`)) if (id === '1') break
  })
})

describe('sse.open', () => {
  it('tells events until the script closes, and counts them', async () => {
    const { scope, open } = scopeOf()
    const heard: unknown[] = []
    const response = await open(`${base}/sse/10`, { method: 'GET', headers: { 'X-A': 'b' } }, (client: Any) => {
      client.on('open', () => heard.push('open'))
      client.on('event', ({ id, name, data }: SseEvent) => {
        heard.push([id, name, data])
        if (id === '1') client.close()
      })
    })
    expect(heard).toEqual([
      'open',
      ['', '', ''],
      ['0', 'count', '{"n":0}\nline two'],
      ['1', 'count', '{"n":1}\nline two'],
    ])
    expect(response).toMatchObject({ url: `${base}/sse/10`, status: 200, error: '' })
    expect(values(scope, 'sse_event')).toEqual([1, 1, 1])
  })

  it('answers an error where nobody listens', async () => {
    const { open } = scopeOf()
    const response = await open('http://127.0.0.1:1/', () => undefined)
    expect(response).toMatchObject({ status: 0, error: 'dial tcp 127.0.0.1:1: connect: connection refused' })
  })
})

describe('the parser of events', () => {
  const parse = (text: string, size: number): SseEvent[] => {
    const events: SseEvent[] = []
    const parser = new SseParser((event) => events.push(event))
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += size) parser.feed(bytes, at, Math.min(at + size, bytes.length))
    return events
  }

  it('reads the same events whatever the pieces and the line ends', () => {
    const text = '\ufeffid: 1\nevent: a\ndata: é€😀\ndata:two\n\n: note\ndata\n\nretry: 5\nid\ndata:  x\n\n'
    const expected = [
      { id: '1', name: 'a', data: 'é€😀\ntwo', comment: '' },
      { id: '', name: '', data: '', comment: 'note' },
      { id: '', name: '', data: ' x', comment: '' },
    ]
    for (const end of ['\n', '\r\n', '\r']) {
      for (const size of [1, 2, 3, 7, 1000]) expect(parse(text.replaceAll('\n', end), size)).toEqual(expected)
    }
  })
})
