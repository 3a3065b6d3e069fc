/**
 * Server-sent events of one run to any number of pages. Each second is written to a page only when what it was sent
 * before has left; a page that falls behind is brought up again from the history, so that nothing waits in memory for
 * it. A page that comes back names the last second it has, and gets what is missing.
 */
import type { ServerResponse } from 'node:http'
import type { LiveModel } from './live-model.js'
import type { Hello, LiveStatus } from './wire.js'

export const MAX_PAGES = 32
/** Ticks for which a page may leave everything unread. */
const PATIENCE = 120

export interface FeedSource {
  readonly hello: Hello
  readonly model: LiveModel
  status(): LiveStatus
}

export class Feed {
  readonly #source: FeedSource
  readonly #pages = new Set<Page>()

  constructor(source: FeedSource) {
    this.#source = source
  }

  get pages(): number {
    return this.#pages.size
  }

  /** Bytes that pages have not taken yet. */
  get waitingBytes(): number {
    let bytes = 0
    for (const { response } of this.#pages) bytes += response.writableLength
    return bytes
  }

  /**
   * Serves a page until it goes away.
   * @param lastId  what the browser had last, `<boot>.<tick>`; undefined for a fresh page
   * @returns false when there are too many pages
   */
  connect(response: ServerResponse, lastId: string | undefined): boolean {
    if (this.#pages.size >= MAX_PAGES) return false
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' })
    const page: Page = { response, tick: -1, known: 0, isBlocked: false, isBehind: false, waited: 0 }
    this.#pages.add(page)
    response.on('close', () => this.#pages.delete(page))
    response.on('error', () => this.#pages.delete(page))
    const { hello, model } = this.#source
    const [boot, tick] = lastId?.split('.') ?? []
    if (boot === hello.boot && /^\d{1,9}$/.test(tick ?? '')) {
      page.tick = Number(tick)
      // It knows the series that there were; their number is told with the ticks that it missed.
      page.known = 0
      this.#send(page, 'hello', hello)
      this.#resume(page)
    } else {
      this.#send(page, 'hello', hello)
      this.#whole(page)
    }
    if (model.history.ticks === 0) this.#send(page, 'state', this.#source.status())
    return true
  }

  /** A second of the model has ended. */
  tick(): void {
    if (this.#pages.size === 0) return
    const { model } = this.#source
    const index = model.history.ticks - 1
    const frames = new Map<number, string>()
    const shared = this.#shared(index)
    for (const page of this.#pages) {
      if (page.isBlocked) {
        page.isBehind = true
        if (++page.waited > PATIENCE) this.#drop(page)
        continue
      }
      page.waited = 0
      if (page.isBehind || page.tick !== index - 1) {
        this.#resume(page)
        continue
      }
      let frame = frames.get(page.known)
      if (frame === undefined) {
        frame = this.#frame('tick', model.tick(index, page.known), index)
        frames.set(page.known, frame)
      }
      page.tick = index
      page.known = model.history.names.length
      this.#write(page, frame + shared)
    }
  }

  /** The state changed between two seconds. */
  state(): void {
    if (this.#pages.size === 0) return
    const frame = this.#frame('state', this.#source.status())
    for (const page of this.#pages) if (!page.isBlocked) this.#write(page, frame)
  }

  /** Tells every page that nothing more will come. */
  end(): void {
    const { troubles } = this.#source.model
    const frame =
      this.#frame('table', this.#source.model.endpoints.whole()) +
      this.#frame('lists', troubles.lists(true)) +
      this.#frame('state', this.#source.status()) +
      this.#frame('bye', {})
    for (const page of this.#pages) page.response.end(page.isBlocked ? '' : frame)
    this.#pages.clear()
  }

  /** What all pages get this second: the state, and at times tables and lists. */
  #shared(index: number): string {
    const { model } = this.#source
    const { size } = model.endpoints
    const every = size <= 100 ? 1 : size <= 250 ? 2 : 5
    let text = this.#frame('state', this.#source.status())
    if (index % every === 0) text += this.#frame('table', model.endpoints.changes())
    if (index % 2 === 0) text += this.#frame('lists', model.troubles.lists(false))
    return text
  }

  /** From what the page has to now: second by second while they are kept, as a whole otherwise. */
  #resume(page: Page): void {
    const { model } = this.#source
    const last = model.history.ticks - 1
    if (page.tick > last || model.tick(page.tick + 1, 0) === undefined) {
      if (page.tick !== last) return this.#whole(page)
    }
    let text = ''
    for (let index = page.tick + 1; index <= last; index++) {
      text += this.#frame('tick', model.tick(index, page.known), index)
      page.known = model.history.names.length
    }
    page.tick = last
    page.isBehind = false
    this.#write(page, text + this.#all())
  }

  #whole(page: Page): void {
    const { model } = this.#source
    page.tick = model.history.ticks - 1
    page.known = model.history.names.length
    page.isBehind = false
    this.#write(page, this.#frame('history', model.historyData(), Math.max(0, page.tick)) + this.#all())
  }

  #all(): string {
    const { model } = this.#source
    return (
      this.#frame('table', model.endpoints.whole()) +
      this.#frame('lists', model.troubles.lists(true)) +
      this.#frame('state', this.#source.status())
    )
  }

  #drop(page: Page): void {
    this.#pages.delete(page)
    page.response.destroy()
  }

  #send(page: Page, event: string, data: unknown): void {
    this.#write(page, this.#frame(event, data))
  }

  /** JSON has no line ends, so one `data` line holds it. */
  #frame(event: string, data: unknown, tick?: number): string {
    if (data === undefined) return ''
    const id = tick === undefined ? '' : `id: ${this.#source.hello.boot}.${tick}\n`
    return `event: ${event}\n${id}data: ${JSON.stringify(data)}\n\n`
  }

  #write(page: Page, text: string): void {
    if (text === '' || page.response.destroyed || page.response.write(text)) return
    page.isBlocked = true
    page.response.once('drain', () => {
      page.isBlocked = false
    })
  }
}

interface Page {
  readonly response: ServerResponse
  /** The last second that it was sent, and how many series it knows. */
  tick: number
  known: number
  isBlocked: boolean
  isBehind: boolean
  waited: number
}
