/** Go by what net/http/pprof serves anyway: counts, memory statistics, contention (pkg.go.dev/net/http/pprof). */
import { goUrl } from '#profile/take/index.js'
import { inspectProcess } from '#profile/take/process.js'
import type { Readings } from '#record/observed.js'
import { Growth } from '../local/growth.js'
import type { Collector, CollectorContext } from '../types.js'

/** Memory statistics stop the world for some microseconds, and goroutine stacks for longer where there are many. */
const slowEvery = 5
const maxPlaces = 20

export class GoCollector implements Collector {
  readonly part = 'go'
  readonly costly = false
  readonly #where: { readonly pid: number } | { readonly url: string }
  #url: string
  #growth: Growth | undefined
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
    if ('pid' in this.#where) this.#url = await goUrl(inspectProcess(this.#where.pid))
    else if (!/\/debug\/pprof\/?$/.test(this.#url)) this.#url = new URL('/debug/pprof/', this.#url).href
    if (!this.#url.endsWith('/')) this.#url += '/'
    this.#turn = 0
    await this.read()
  }

  async read(): Promise<Readings> {
    const growth = this.#growth as Growth
    const slow = this.#turn++ % slowEvery === 0
    if (!slow) return { goroutines: goroutineCount(await this.#get('')) }
    const [heap, goroutines, mutex, block] = await Promise.all([
      this.#get('heap?debug=1'),
      this.#get('goroutine?debug=1'),
      this.#get('mutex?debug=1'),
      this.#get('block?debug=1'),
    ])
    growth.begin()
    if (this.#turn === 1) {
      for (const [name, text] of [
        ['mutex', mutex],
        ['block', block],
      ] as const)
        if (isOff(text)) this.#context?.event('profile-rate', { what: name, fix: switchOn[name] })
    }
    return {
      ...memory(growth, heap),
      goroutines: Number(/total (\d+)/.exec(goroutines)?.[1]),
      goroutines_at: places(goroutines),
      mutex_wait_ms_per_s: isOff(mutex) ? undefined : milliseconds(growth.perS('mutex', waitedS(mutex))),
      block_wait_ms_per_s: isOff(block) ? undefined : milliseconds(growth.perS('block', waitedS(block))),
    }
  }

  async close(): Promise<void> {}

  async #get(path: string): Promise<string> {
    const answer = await fetch(new URL(path, this.#url), {
      signal: AbortSignal.any([AbortSignal.timeout(4000), (this.#context as CollectorContext).signal]),
    })
    if (!answer.ok) throw new Error(`${this.#url}${path} answers ${answer.status}`)
    return await answer.text()
  }
}

const switchOn = {
  mutex: 'runtime.SetMutexProfileFraction(100)',
  block: 'runtime.SetBlockProfileRate(10000)',
}

/** The index page of net/http/pprof: a table of counts and names. */
function goroutineCount(page: string): number | undefined {
  const text = /<td>(\d+)<\/td><td><a href='?"?goroutine/.exec(page)?.[1]
  return text === undefined ? undefined : Number(text)
}

/** `# HeapInuse = 123` lines (runtime.MemStats) below the samples. */
function memory(growth: Growth, text: string): Readings {
  const stat = (name: string): number | undefined => {
    const value = new RegExp(`^# ${name} = ([\\d.e+-]+)`, 'm').exec(text)?.[1]
    return value === undefined ? undefined : Number(value)
  }
  const collections = stat('NumGC')
  const pauses = /^# PauseNs = \[([\d ]*)\]/m.exec(text)?.[1]?.split(' ').map(Number) ?? []
  const perS = growth.perS('gc', collections)
  const next = stat('NextGC')
  const collected = (collections ?? 0) > 0
  return {
    heap_inuse_bytes: stat('HeapInuse'),
    // The next collection is due at (1 + GOGC/100) times what lived after the last; GOGC is 100 unless somebody said so.
    heap_after_gc_bytes: collected && next !== undefined ? next / 2 : undefined,
    gc_ratio: stat('GCCPUFraction'),
    gc_pause_max_ms:
      pauses.length === 0 || collections === undefined || !collected
        ? undefined
        : (pauses[(collections + 255) % 256] ?? 0) / 1e6,
    gc_per_s: perS,
    alloc_bytes_per_s: growth.perS('alloc', stat('TotalAlloc')),
  }
}

/** Goroutines by the first function of theirs that is not the runtime's. */
function places(text: string): Readings[string] {
  const counts = new Map<string, number>()
  for (const block of text.split('\n\n')) {
    const count = /^(?:.*\n)?(\d+) @/.exec(block)?.[1]
    if (count === undefined) continue
    const frames = [...block.matchAll(/^#\s+0x[0-9a-f]+\s+(\S+?)\+0x/gm)].map(([, name]) => name as string)
    const place =
      frames.find((name) => !/^(runtime|internal|sync|syscall|time|net|io|bufio)[./]/.test(name)) ?? frames[0]
    if (place === undefined) continue
    const key = `${waitOf(frames)} ${place}`
    counts.set(key, (counts.get(key) ?? 0) + Number(count))
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, maxPlaces)
    .map(([key, value]) => ({ tags: tagsOf(key), value }))
}

function tagsOf(key: string): { function: string; waits: string } {
  const at = key.indexOf(' ')
  return { function: key.slice(at + 1), waits: key.slice(0, at) }
}

/** What the innermost frames wait for; the runtime's own are not in this form of the profile. */
function waitOf(frames: readonly string[]): string {
  if (frames.some((name) => /^database\/sql\.\(\*DB\)\.conn$|\(\*Pool\)\.(Acquire|Get)/.test(name))) return 'pool'
  const [first = ''] = frames
  // Since Go 1.24 the mutex is in internal/sync.
  if (/^(internal\/)?sync\.(\(\*(RW)?Mutex\)\.|runtime_Semacquire)/.test(first)) return 'lock'
  if (first === 'time.Sleep') return 'sleep'
  return /^(internal\/poll|net|syscall|os)\./.test(first) ? 'io' : 'other'
}

/** Sampled waits are scaled by the period, which the mutex profile names. */
function waitedS(text: string): number | undefined {
  const perS = Number(/^cycles\/second=(\d+)/m.exec(text)?.[1])
  if (!(perS > 0)) return undefined
  let cycles = 0
  for (const [, count] of text.matchAll(/^(\d+) \d+ @/gm)) cycles += Number(count)
  return cycles / perS
}

/** Without a rate nothing is ever counted: that is not the same as no contention. */
function isOff(text: string): boolean {
  const period = /^sampling period=(-?\d+)/m.exec(text)?.[1]
  if (period !== undefined) return Number(period) <= 0
  return !/^\d+ \d+ @/m.test(text)
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}
