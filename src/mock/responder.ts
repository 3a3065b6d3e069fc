/** What a stand-in answers and when: pure of sockets, so that it runs on a simulated clock too. */
import type { Clock } from '#base/clock.js'
import { type Random, seededRandom } from '#base/random.js'
import type { MockFile, MockRoute } from './definition.js'
import { type LatencySampler, latencySampler } from './latency.js'
import { RouteTable } from './routes.js'
import { fill, isPlain } from './template.js'

export interface MockRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Undefined when none was read. */
  readonly body: Buffer | undefined
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>
}

export interface MockAnswer {
  /** As the file names it; '' when none fits. */
  readonly route: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** To wait before it goes out. */
  readonly delayMs: number
}

interface Body {
  readonly text: string
  readonly type: string
  readonly isJson: boolean
  /** The same for every request. */
  readonly bytes: Buffer | undefined
}

interface Compiled {
  readonly name: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
  readonly delay: LatencySampler
  readonly errors: { readonly rate: number; readonly status: number; readonly body: Body } | undefined
  readonly limit: { readonly perS: number; readonly burst: number; readonly status: number } | undefined
  /** Of the bucket. */
  tokens: number
  filledNs: number
  served: number
}

export class Responder {
  readonly #clock: Clock
  readonly #random: Random
  readonly #table: RouteTable<Compiled>
  readonly #routes: readonly Compiled[]
  #sequence = 0
  #unmatched = 0

  constructor(file: MockFile, clock: Clock, seed: number = file.seed ?? 1) {
    this.#clock = clock
    this.#random = seededRandom(seed)
    this.#routes = file.routes.map((route) => this.#compile(route, file))
    this.#table = new RouteTable(file.routes.map(({ request }, i) => ({ request, route: this.#routes[i] as Compiled })))
  }

  /** How often each route was asked, those that were first. */
  get counts(): readonly { readonly route: string; readonly count: number }[] {
    const rows = this.#routes.map(({ name, served }) => ({ route: name, count: served }))
    const unmatched = this.#unmatched === 0 ? [] : [{ route: 'no route (404)', count: this.#unmatched }]
    return [...rows, ...unmatched].toSorted((a, b) => b.count - a.count)
  }

  answer(request: MockRequest): MockAnswer {
    const mark = request.target.indexOf('?')
    const path = mark < 0 ? request.target : request.target.slice(0, mark)
    const found = this.#table.match(request.method, path) ?? this.#asHead(request.method, path)
    if (found === undefined) {
      this.#unmatched++
      const text = JSON.stringify({ error: `the stand-in has no route for ${request.method} ${path.slice(0, 200)}` })
      return { route: '', status: 404, headers: jsonType, body: Buffer.from(text), delayMs: 0 }
    }
    const { route } = found
    route.served++
    if (route.limit !== undefined && !this.#mayPass(route, route.limit)) {
      const headers = { ...jsonType, 'retry-after': String(Math.max(1, Math.ceil(1 / route.limit.perS))) }
      const body = Buffer.from('{"error":"too many requests"}')
      return { route: route.name, status: route.limit.status, headers, body, delayMs: 0 }
    }
    const delayMs = route.delay()
    const { errors } = route
    const fails = errors !== undefined && this.#random() < errors.rate
    const body = fails ? errors.body : route.body
    const scope = {
      path: found.path,
      query: new URLSearchParams(mark < 0 ? '' : request.target.slice(mark + 1)),
      body: () => parsed(request.body),
      seq: () => ++this.#sequence,
      nowMs: () => this.#clock.unixMs(),
      random: this.#random,
    }
    return {
      route: route.name,
      status: fails ? errors.status : route.status,
      headers: { ...(body.type === '' ? {} : { 'content-type': body.type }), ...route.headers },
      body: body.bytes ?? Buffer.from(fill(body.text, scope, body.isJson)),
      delayMs,
    }
  }

  /** A HEAD is answered as its GET. */
  #asHead(method: string, path: string): ReturnType<RouteTable<Compiled>['match']> {
    return method === 'HEAD' ? this.#table.match('GET', path) : undefined
  }

  /** A token bucket. */
  #mayPass(route: Compiled, limit: NonNullable<Compiled['limit']>): boolean {
    const nowNs = this.#clock.nowNs()
    route.tokens = Math.min(limit.burst, route.tokens + ((nowNs - route.filledNs) / 1e9) * limit.perS)
    route.filledNs = nowNs
    if (route.tokens < 1) return false
    route.tokens--
    return true
  }

  #compile(route: MockRoute, file: MockFile): Compiled {
    const { limit, errors } = route
    const burst = limit?.burst ?? Math.max(1, limit?.perS ?? 1)
    return {
      name: route.request,
      status: route.status ?? 200,
      headers: Object.fromEntries(
        Object.entries(route.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
      ),
      body: bodyOf(route.body),
      delay: latencySampler(route.latency ?? file.latency ?? '0', this.#random),
      errors:
        errors === undefined
          ? undefined
          : {
              rate: errors.rate,
              status: errors.status ?? 500,
              body: bodyOf(errors.body ?? { error: 'made on purpose' }),
            },
      limit: limit === undefined ? undefined : { perS: limit.perS, burst, status: limit.status ?? 429 },
      tokens: burst,
      filledNs: this.#clock.nowNs(),
      served: 0,
    }
  }
}

const jsonType = { 'content-type': 'application/json' }

function bodyOf(body: unknown): Body {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  // Two braces are a place to fill in, and say nothing of what the text is.
  const isJson = (typeof body !== 'string' && body !== undefined) || /^\s*(\[|\{(?!\{))/.test(text)
  const type = text === '' ? '' : isJson ? 'application/json' : 'text/plain; charset=utf-8'
  return { text, type, isJson, bytes: isPlain(text) ? Buffer.from(text) : undefined }
}

function parsed(body: Buffer | undefined): unknown {
  const text = body?.toString('utf8') ?? ''
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text) as unknown
    } catch {
      return undefined
    }
  }
  // Forms, which payment services still take.
  return Object.fromEntries(new URLSearchParams(text))
}
