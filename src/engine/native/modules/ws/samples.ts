/** Samples of WebSocket sessions and the tags they carry, as k6 sets them. */
import type { Metric, TagSet } from '#metrics/types.js'
import { maxExactNames } from '../http/index.js'
import { templateUrl } from '../http/url-template.js'
import type { VuScope } from '../../types.js'
import type { WsAnswer } from './handshake.js'

/** What all VUs of a worker share. */
export class WsShared {
  readonly #systemTags: ReadonlySet<string>
  readonly #names = new Set<string>()

  constructor(systemTags: readonly string[]) {
    this.#systemTags = new Set(systemTags)
  }

  with(tags: TagSet, name: string, value: string): TagSet {
    return this.#systemTags.has(name) ? tags.with(name, value) : tags
  }

  /** Tags of an answered handshake; `protocol` is '' when none was chosen. */
  answered(tags: TagSet, answer: WsAnswer, protocol: string): TagSet {
    return this.with(this.with(tags, 'status', String(answer.status)), 'subproto', protocol)
  }

  /** The URL as a tag: as it is, until a script has made up too many of them. */
  urlTag(url: string): string {
    if (this.#names.has(url)) return url
    if (this.#names.size < maxExactNames) {
      this.#names.add(url)
      return url
    }
    const template = templateUrl(url)
    if (this.#names.has(template)) return template
    if (this.#names.size < 2 * maxExactNames) {
      this.#names.add(template)
      return template
    }
    return template.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/]*)\/.*$/s, '$1/{path}')
  }
}

export function wsShared(vu: VuScope): WsShared {
  return vu.shared('k6/ws', () => new WsShared(vu.options.systemTags))
}

/** The samples of one session; `tags` grows while it connects. */
export class SessionSamples {
  readonly #vu: VuScope
  readonly #metadata: Record<string, string> | undefined
  tags: TagSet
  readonly #pings = new Map<string, number>()
  #pingNumber = 0

  constructor(vu: VuScope, tags: TagSet) {
    this.#vu = vu
    this.#metadata = vu.metadata
    this.tags = tags
  }

  connected(tookMs: number): void {
    this.#add(this.#vu.builtin.ws_sessions, 1)
    this.#add(this.#vu.builtin.ws_connecting, tookMs)
  }

  ended(tookMs: number): void {
    this.#add(this.#vu.builtin.ws_session_duration, tookMs)
  }

  sent(): void {
    this.#add(this.#vu.builtin.ws_msgs_sent, 1)
  }

  received(): void {
    this.#add(this.#vu.builtin.ws_msgs_received, 1)
  }

  /** The payload of the next ping, which its pong brings back. */
  nextPing(): string {
    return String(this.#pingNumber)
  }

  pinged(nowMs: number): void {
    // A server that answers no ping must not fill the memory.
    if (this.#pings.size >= maxPings) this.#pings.clear()
    this.#pings.set(String(this.#pingNumber++), nowMs)
  }

  /** @returns false when nobody sent such a ping */
  ponged(payload: string, nowMs: number): boolean {
    const sentMs = this.#pings.get(payload)
    if (sentMs === undefined) return false
    this.#add(this.#vu.builtin.ws_ping, nowMs - sentMs)
    return true
  }

  #add(metric: Metric, value: number): void {
    this.#vu.samples.add(metric, this.tags, value, this.#metadata)
  }
}

const maxPings = 10_000
