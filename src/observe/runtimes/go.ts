/** Go by what net/http/pprof or expvar serve anyway: counts, memory statistics, contention (pkg.go.dev/net/http/pprof). */
import { goUrl } from '#profile/take/index.js'
import { inspectProcess, listeningPorts } from '#profile/take/process.js'
import type { Readings } from '#record/observed.js'
import { Growth } from '../local/growth.js'
import { listenerOf } from '../local/sockets.js'
import { fetchText } from '../services/prometheus/fetch-text.js'
import type { Collector, CollectorContext } from '../types.js'
import { GoMemory, statsOfExpvar, statsOfProfile } from './go-memory.js'
import { goroutineCount, goroutinePlaces, isOff, waitedS } from './go-pprof.js'
import { goMaxProcs, goProcess } from './go-process.js'

/** Memory statistics stop the world for some microseconds, and goroutine stacks for longer where there are many. */
const slowEvery = 5

export class GoCollector implements Collector {
  readonly part = 'go'
  readonly costly = false
  readonly #where: { readonly pid: number } | { readonly url: string }
  #url: string
  #hasProfiles = true
  #growth: Growth | undefined
  #memory: GoMemory | undefined
  #maxProcs: number | undefined
  #turn = 0
  #context: CollectorContext | undefined

  constructor(where: { readonly pid: number } | { readonly url: string }) {
    this.#where = where
    this.#url = 'url' in where ? where.url : ''
  }

  get describes(): string {
    return `Go${'pid' in this.#where ? ` in process ${this.#where.pid}` : ''}${this.#url === '' ? '' : `, by ${this.#url}`}`
  }

  async open(context: CollectorContext): Promise<void> {
    this.#context = context
    this.#growth = new Growth(context.clock)
    if ('pid' in this.#where) await this.#find(this.#where.pid)
    else if (!/\/debug\/pprof\/?$/.test(this.#url)) this.#url = new URL('/debug/pprof/', this.#url).href
    if (this.#hasProfiles && !this.#url.endsWith('/')) this.#url += '/'
    const pid = 'pid' in this.#where ? this.#where.pid : pidBehind(this.#url)
    this.#memory = new GoMemory(goProcess(pid))
    this.#maxProcs = goMaxProcs(pid)
    this.#turn = 0
    await this.read()
  }

  async read(): Promise<Readings> {
    const slow = this.#turn++ % slowEvery === 0
    if (!this.#hasProfiles) return slow ? this.#expvar() : {}
    return slow ? await this.#profiles() : { goroutines: goroutineCount(await this.#get('')) }
  }

  async close(): Promise<void> {}

  async #profiles(): Promise<Readings> {
    const growth = this.#growth as Growth
    const [heap, goroutines, mutex, block] = await Promise.all([
      this.#get('heap?debug=1'),
      this.#get('goroutine?debug=1'),
      this.#get('mutex?debug=1'),
      this.#get('block?debug=1'),
    ])
    growth.begin()
    if (this.#turn === 1) {
      if (isOff(mutex)) this.#context?.event('profile-rate', { what: 'mutex', fix: switchOn.mutex })
      if (isOff(block)) this.#context?.event('profile-rate', { what: 'block', fix: switchOn.block })
    }
    return {
      ...this.#memory?.readings(growth, statsOfProfile(heap)),
      gomaxprocs: this.#maxProcs,
      goroutines: Number(/total (\d+)/.exec(goroutines)?.[1]),
      goroutines_at: goroutinePlaces(goroutines),
      mutex_wait_ms_per_s: isOff(mutex) ? undefined : milliseconds(growth.perS('mutex', waitedS(mutex))),
      block_wait_ms_per_s: isOff(block) ? undefined : milliseconds(growth.perS('block', waitedS(block))),
    }
  }

  async #expvar(): Promise<Readings> {
    const stats = statsOfExpvar(await this.#get(''))
    if (stats === undefined) throw new Error(`${this.#url} has no memstats`)
    const growth = this.#growth as Growth
    growth.begin()
    return { ...this.#memory?.readings(growth, stats), gomaxprocs: this.#maxProcs }
  }

  /** Profiles say most; without them expvar, which many programs serve for their own counters. */
  async #find(pid: number): Promise<void> {
    try {
      this.#url = await goUrl(inspectProcess(pid))
      this.#hasProfiles = true
    } catch (error) {
      for (const port of listeningPorts(pid)) {
        this.#url = `http://127.0.0.1:${port}/debug/vars`
        const text = await this.#get('').catch(() => '')
        if (/"memstats"\s*:/.test(text)) {
          this.#hasProfiles = false
          return
        }
      }
      this.#url = ''
      throw error
    }
  }

  #get(path: string): Promise<string> {
    const { clock, signal } = this.#context as CollectorContext
    return fetchText(new URL(path, this.#url), { accept: '*/*', statuses: [200], clock, signal })
  }
}

const switchOn = {
  mutex: 'runtime.SetMutexProfileFraction(100)',
  block: 'runtime.SetBlockProfileRate(10000)',
}

/** Of an address on this machine. */
function pidBehind(url: string): number | undefined {
  const { hostname, port } = new URL(url)
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname) ? listenerOf(Number(port || 80)) : undefined
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}
