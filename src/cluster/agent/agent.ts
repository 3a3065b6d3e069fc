/**
 * An agent: gives signs of life, takes a share when a coordinator offers one, and goes back to waiting.
 */
import type { Msg } from '@nats-io/nats-core'
import type { Clock } from '#base/clock.js'
import { type Bus, readJson } from '../bus.js'
import {
  type AgentCall,
  type AgentEntry,
  AGENTS_BUCKET,
  agentSubject,
  type Beat,
  BEAT_NS,
  beatSubject,
  REGISTER_NS,
} from '../protocol.js'
import { every } from '../sleep.js'
import { Share, type ShareHost } from './share.js'

export interface AgentOptions {
  readonly bus: Bus
  readonly clock: Clock
  readonly entry: Omit<AgentEntry, 'sinceUnixMs' | 'run'>
  readonly start: ShareHost['start']
  readonly log: (message: string) => void
}

export class Agent {
  readonly #options: AgentOptions
  #share: Share | undefined
  #working: Promise<void> | undefined
  #isLeaving = false
  #left!: () => void
  readonly #gone: Promise<void> = new Promise((resolve) => (this.#left = resolve))

  constructor(options: AgentOptions) {
    this.#options = options
  }

  /** Resolves when the agent was told to leave and has. */
  async serve(): Promise<void> {
    const { bus, clock, entry } = this.#options
    const agents = await bus.bucket(AGENTS_BUCKET, 3 * REGISTER_NS)
    const sinceUnixMs = clock.unixMs()
    const register = (): void => {
      const known: AgentEntry = { ...entry, sinceUnixMs, run: this.#share?.run ?? null }
      agents.put(entry.id, JSON.stringify(known)).catch(() => {})
    }
    register()
    const stops = [every(clock, REGISTER_NS, register), every(clock, BEAT_NS, () => this.#beat())]
    const calls = bus.nc.subscribe(agentSubject(entry.id), {
      callback: (_error, message) => {
        void this.#call(message).then((answer) => {
          register()
          if (message.reply !== undefined && !bus.nc.isClosed()) message.respond(JSON.stringify(answer))
        })
      },
    })
    await this.#gone
    await this.#working
    calls.unsubscribe()
    for (const stop of stops) stop()
    await agents.delete(entry.id).catch(() => {})
  }

  /** A share under way ends gracefully first. */
  leave(): void {
    this.#isLeaving = true
    this.#share?.leave()
    this.#left()
  }

  #beat(): void {
    const { bus, entry } = this.#options
    const idle = { run: null, share: null, state: 'idle' as const, unacknowledged: 0 }
    bus.say(beatSubject, { agent: entry.id, ...(this.#share?.beat ?? idle) } satisfies Beat)
  }

  async #call(message: Msg): Promise<object> {
    const call = readJson<AgentCall>(message.string())
    switch (call?.op) {
      case 'take':
        return this.#take(call)
      case 'release':
        if (this.#share?.run === call.run) this.#share.release()
        return { ok: true }
      case 'setup':
        return (await this.#share?.setup()) ?? { error: 'the agent has no share' }
      case 'teardown':
        return (await this.#share?.teardown(call.data)) ?? { error: 'the agent has no share' }
      default:
        return { error: 'the agent does not know this call' }
    }
  }

  async #take(call: Extract<AgentCall, { op: 'take' }>): Promise<object> {
    if (this.#isLeaving) return { error: 'the agent is leaving' }
    if (this.#share !== undefined) return { error: `the agent works for the run ${this.#share.run}` }
    const { bus, clock, entry, start, log } = this.#options
    const share = new Share({ bus, clock, agent: entry, start, log }, call)
    this.#share = share
    try {
      await share.claim()
    } catch {
      this.#share = undefined
      return { error: 'another agent has the share' }
    }
    log(
      `takes share ${call.share.segment + 1} of run ${call.run}${call.fromS > 0 ? ` from second ${call.fromS} on` : ''}`,
    )
    this.#working = share.work().then(() => {
      log(`is done with run ${call.run}`)
      this.#share = undefined
    })
    return { ok: true }
  }
}
