// A language model's endpoint that knows nothing: OpenAI's streaming protocol with delays that are asked for, so that a
// test knows what it should measure. Prints one JSON line when it listens and ends when its standard input does.
//   POST /v1/chat/completions  { stream, max_tokens, first_ms, gap_ms, stream_options: { include_usage } }
//   GET  /sse/COUNT            events `count` 0..COUNT-1, ids, a comment
//   GET  /chunks/COUNT         pieces of text, 5 ms apart
//   GET  /endless              a line that never ends
//   GET  /cut                  two events, then the connection breaks
//   GET  /silent               a head and nothing after it
import { createServer } from 'node:http'
import { pipeline, Readable } from 'node:stream'

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const words = ['The', ' quick', ' brown', ' fox', ' jumps', ' over', ' the', ' lazy', ' dog', '.']

const server = createServer((request, response) => {
  response.on('error', () => {})
  const [, route = '', argument = ''] = new URL(request.url, 'http://localhost').pathname.split('/')
  let text = ''
  request.on('data', (chunk) => (text += chunk))
  request.on('end', () => {
    const answer = routes[route] ?? (() => response.writeHead(404).end('no such route'))
    void answer(response, argument, text)
  })
})

const startEvents = (response) =>
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })

const routes = {
  async v1(response, _, text) {
    let asked
    try {
      asked = JSON.parse(text)
    } catch {
      return response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"not JSON"}}')
    }
    const { max_tokens: count = 20, first_ms: firstMs = 50, gap_ms: gapMs = 10, stream_options: more = {} } = asked
    startEvents(response)
    response.flushHeaders()
    const send = (choices, rest = {}) =>
      response.write(
        `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', choices, ...rest })}\n\n`,
      )
    await pause(firstMs)
    send([{ index: 0, delta: { role: 'assistant', content: '' } }])
    for (let i = 0; i < count; i++) {
      if (i > 0) await pause(gapMs)
      send([{ index: 0, delta: { content: words[i % words.length] } }])
    }
    send([{ index: 0, delta: {}, finish_reason: 'stop' }])
    if (more.include_usage) send([], { usage: { prompt_tokens: 9, completion_tokens: count } })
    response.end('data: [DONE]\n\n')
  },
  async sse(response, count) {
    startEvents(response)
    response.write(': hello\n\n')
    for (let i = 0; i < Number(count); i++)
      response.write(`id: ${i}\nevent: count\ndata: {"n":${i}}\ndata: line two\n\n`)
    response.end()
  },
  async chunks(response, count) {
    for (let i = 0; i < Number(count); i++) {
      response.write(`piece ${i}`)
      await pause(5)
    }
    response.end()
  },
  async endless(response) {
    startEvents(response)
    const piece = `data: ${'x'.repeat(1 << 16)}`
    pipeline(
      Readable.from(
        (function* () {
          for (;;) yield piece
        })(),
      ),
      response,
      () => {},
    )
  },
  async cut(response) {
    startEvents(response)
    response.write('data: one\n\ndata: two\n\n')
    await pause(20)
    response.destroy()
  },
  async silent(response) {
    startEvents(response)
    response.flushHeaders()
  },
}

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}`, pid: process.pid })}\n`)
})
process.on('SIGTERM', () => process.exit(0))
// The parent's end of standard input closes when the parent dies: never outlive it.
process.stdin.on('end', () => process.exit(0)).resume()
