/** HTTP/2 by Node's own client. */
import * as http2 from 'node:http2'
import type { Socket } from 'node:net'
import type { Session, SessionEvents, SessionStream, StreamListener } from './session.js'

export class NodeSession implements Session {
  isClosing = false
  readonly #session: http2.ClientHttp2Session
  readonly #authority: string
  readonly #scheme: string
  readonly #listeners = new Set<NodeStream>()
  #events: SessionEvents | undefined

  constructor(socket: Socket, scheme: 'http' | 'https', authority: string, events: SessionEvents) {
    this.#authority = authority
    this.#scheme = scheme
    this.#events = events
    this.#session = http2.connect(`${scheme}://${authority}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: 65_535 },
    })
    this.#session.once('remoteSettings', () => this.#events?.ready())
    this.#session.on('error', (error) => this.#lost(error.message))
    this.#session.on('goaway', () => this.#closing('the server is going away'))
    this.#session.on('close', () => this.#lost('EOF'))
  }

  open(path: string, headers: readonly string[], body: Buffer | undefined, listener: StreamListener): SessionStream {
    const fields: http2.OutgoingHttpHeaders = {
      ':method': 'POST',
      ':scheme': this.#scheme,
      ':authority': this.#authority,
      ':path': path,
    }
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i]!
      const present = fields[name]
      if (present === undefined) fields[name] = headers[i + 1]!
      else fields[name] = [present as string, headers[i + 1]!].flat()
    }
    const stream = this.#session.request(fields, { endStream: false })
    const out = new NodeStream(stream, listener, () => this.#listeners.delete(out))
    this.#listeners.add(out)
    if (body !== undefined) out.write(body, true)
    return out
  }

  close(): void {
    this.isClosing = true
    this.#events = undefined
    this.#session.destroy()
  }

  #closing(reason: string): void {
    this.isClosing = true
    const events = this.#events
    this.#events = undefined
    events?.closing(reason)
  }

  #lost(reason: string): void {
    this.#closing(reason)
    for (const stream of [...this.#listeners]) stream.lost(reason)
  }
}

class NodeStream implements SessionStream {
  readonly #stream: http2.ClientHttp2Stream
  #listener: StreamListener | undefined
  readonly #done: () => void
  #trailers: readonly string[] | undefined

  constructor(stream: http2.ClientHttp2Stream, listener: StreamListener, done: () => void) {
    this.#stream = stream
    this.#listener = listener
    this.#done = done
    stream.on('response', (_headers: unknown, flags: number, raw: unknown) => this.#headers(raw as string[], flags))
    // Node may tell of trailers before the data in front of them has been read.
    stream.on('trailers', (_headers: unknown, _flags: number, raw: unknown) => {
      this.#trailers = raw as string[]
    })
    stream.on('data', (chunk: Buffer) => this.#listener?.onData(chunk))
    stream.on('end', () => {
      const listener = this.#take()
      if (this.#trailers === undefined) listener?.onEnd()
      else listener?.onHeaders(this.#trailers, true)
    })
    stream.on('error', () => {})
    stream.on('close', () => {
      const code = stream.rstCode ?? 0
      const listener = this.#take()
      if (listener === undefined) return
      if (this.#trailers !== undefined) listener.onHeaders(this.#trailers, true)
      else if (code === 0) listener.onEnd()
      else listener.onReset(code)
    })
  }

  write(bytes: Buffer, end: boolean): void {
    if (this.#listener === undefined) return
    if (end) this.#stream.end(bytes)
    else this.#stream.write(bytes)
  }

  end(): void {
    if (this.#listener !== undefined) this.#stream.end()
  }

  cancel(): void {
    if (this.#take() !== undefined) this.#stream.close(http2.constants.NGHTTP2_CANCEL)
  }

  lost(reason: string): void {
    this.#take()?.onLost(reason, false)
  }

  #headers(fields: readonly string[], flags: number): void {
    const end = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0
    const listener = end ? this.#take() : this.#listener
    listener?.onHeaders(fields, end)
    if (end) this.#stream.resume()
  }

  #take(): StreamListener | undefined {
    const listener = this.#listener
    this.#listener = undefined
    if (listener !== undefined) this.#done()
    return listener
  }
}
