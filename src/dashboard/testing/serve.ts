/** A dashboard server on a free port with a session that a test feeds, and a client that says exactly what it is told to. */
import { type IncomingMessage, request } from 'node:http'
import { systemClock } from '#base/clock.js'
import type { RecordShelf } from '../records.js'
import { answering } from '../routes.js'
import { type DashboardServer, startServer } from '../server.js'
import { LiveSession, type RunView } from '../session.js'
import type { ControlRequest } from '../wire.js'

export interface Served extends DashboardServer {
  readonly session: LiveSession
  readonly port: number
  readonly token: string
  /** Of a browser that opened the URL. */
  readonly cookie: string
  readonly asked: ControlRequest[]
  readonly notes: string[]
}

export async function serve(shelf?: RecordShelf): Promise<Served> {
  const asked: ControlRequest[] = []
  const notes: string[] = []
  const view: RunView = {
    progress: () => ({
      phase: 'running',
      paused: false,
      scenarios: [],
      thresholds: [],
      controls: {
        stop: true,
        pause: 'the plan sets the pace',
        resume: 'it is not paused',
        scale: true,
        vus: 1,
        maxVus: 2,
      },
    }),
    async control(request) {
      asked.push(request)
    },
    annotate: (text) => void notes.push(text),
  }
  const session = new LiveSession(
    {
      name: 'test',
      script: 'test.js',
      engine: 'native',
      startedUnixMs: 0,
      record: 'the-record',
      totalS: 60,
      scenarios: [],
      source: 'run',
      stays: true,
    },
    view,
  )
  const server = await startServer(
    { address: '127.0.0.1:0', allowRemote: false, isMain: false },
    answering({ version: '1', clock: systemClock, run: session, shelf, follower: undefined, starter: undefined }),
  )
  const url = new URL(server.url)
  const first = await ask(Number(url.port), '/', { query: url.search })
  const cookie = String(first.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? ''
  const token = url.searchParams.get('token') ?? ''
  return { ...server, session, port: Number(url.port), token, cookie, asked, notes }
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

export interface AskOptions {
  readonly method?: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** One request with exactly these headers; `Host` is the server's unless given. */
export function ask(port: number, path: string, options: AskOptions = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', query = '', headers = {}, body } = options
    const asking = request(
      {
        host: '127.0.0.1',
        port,
        path: `${path}${query}`,
        method,
        headers: { Host: `127.0.0.1:${port}`, ...headers },
        agent: false,
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (piece: string) => (text += piece))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
        response.on('error', reject)
      },
    )
    asking.on('error', reject)
    asking.end(body)
  })
}

export interface Frame {
  readonly event: string
  readonly id: string | undefined
  readonly data: never
}

/** An event stream as a browser reads it. */
export class Listener {
  readonly frames: Frame[] = []
  /** Bytes that have come. */
  bytes = 0
  isOver = false
  readonly response: IncomingMessage
  #rest = ''
  #waiting: (() => void)[] = []

  constructor(response: IncomingMessage) {
    this.response = response
    response.setEncoding('utf8')
    response.on('data', (piece: string) => this.#take(piece))
    response.on('close', () => {
      this.isOver = true
      this.#wake()
    })
  }

  static open(served: Served, lastEventId?: string): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string> = { Host: `127.0.0.1:${served.port}`, Cookie: served.cookie }
      if (lastEventId !== undefined) headers['Last-Event-ID'] = lastEventId
      const asking = request({
        host: '127.0.0.1',
        port: served.port,
        path: '/api/live/run/events',
        headers,
        agent: false,
      })
      asking.on('response', (response) => resolve(new Listener(response)))
      asking.on('error', reject)
      asking.end()
    })
  }

  of(event: string): Frame[] {
    return this.frames.filter((frame) => frame.event === event)
  }

  /** Resolves once it holds. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.isOver) throw new Error('the stream is over')
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  close(): void {
    this.response.destroy()
  }

  #take(piece: string): void {
    this.bytes += Buffer.byteLength(piece)
    this.#rest += piece
    for (let end = this.#rest.indexOf('\n\n'); end >= 0; end = this.#rest.indexOf('\n\n')) {
      const lines = this.#rest.slice(0, end).split('\n')
      this.#rest = this.#rest.slice(end + 2)
      const field = (name: string): string | undefined =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      this.frames.push({
        event: field('event') ?? 'message',
        id: field('id'),
        data: JSON.parse(field('data') ?? 'null') as never,
      })
    }
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
