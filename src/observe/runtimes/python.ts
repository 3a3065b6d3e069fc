/** Python by the real py-spy, some dumps a second apart: who runs, who holds the GIL, where the others wait. */
import type { Clock } from '#base/clock.js'
import { dumpPython } from '#profile/dump/python.js'
import type { PySpy } from '#profile/take/python/py-spy.js'
import type { Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../types.js'
import { SourceLines } from './source-lines.js'

/** Each look starts a process of ours. */
const everyNs = 2e9
/** Single looks are too few to tell a share: the last ones are put together. */
const lookBack = 5
const maxPlaces = 20

interface Look {
  readonly threads: number
  readonly active: number
  readonly held: boolean
  readonly waiting: ReadonlyMap<string, number>
}

export class PythonCollector implements Collector {
  readonly part = 'python'
  readonly describes: string
  readonly costly = false
  readonly #pid: number
  readonly #pySpy: PySpy
  #clock: Clock | undefined
  #looks: Look[] = []
  readonly #sources: SourceLines
  #nextNs = 0

  constructor(pid: number, pySpy: PySpy) {
    this.#pid = pid
    this.#pySpy = pySpy
    this.#sources = new SourceLines(pid)
    this.describes = `Python in process ${pid}, by py-spy`
  }

  async open({ clock }: CollectorContext): Promise<void> {
    this.#clock = clock
    this.#looks = [await this.#look()]
  }

  async read(): Promise<Readings> {
    const clock = this.#clock as Clock
    if (clock.nowNs() < this.#nextNs) return {}
    this.#nextNs = clock.nowNs() + everyNs
    this.#looks = [...this.#looks, await this.#look()].slice(-lookBack)
    const mean = (of: (look: Look) => number): number =>
      this.#looks.reduce((sum, look) => sum + of(look), 0) / this.#looks.length
    const waiting = new Map<string, number>()
    for (const look of this.#looks)
      for (const [place, count] of look.waiting)
        waiting.set(place, (waiting.get(place) ?? 0) + count / this.#looks.length)
    return {
      threads: this.#looks.at(-1)?.threads,
      threads_active: mean(({ active }) => active),
      gil_held_ratio: mean(({ held }) => Number(held)),
      gil_waiting_threads: mean(({ active, held }) => Math.max(0, active - Number(held))),
      threads_waiting: [...waiting]
        .sort((a, b) => b[1] - a[1])
        .slice(0, maxPlaces)
        .map(([key, value]) => ({
          tags: { function: key.slice(key.indexOf(' ') + 1), waits: key.slice(0, key.indexOf(' ')) },
          value,
        })),
    }
  }

  async close(): Promise<void> {}

  /** What a thread waits for: by the functions it waits in, else by the line of its source that waits. */
  #waitOf(stack: readonly { readonly name: string; readonly file: string; readonly line: number }[]): string {
    const own = stack.findIndex(({ file }) => !/\/(lib\/python|site-packages)/.test(file))
    const inner = (own < 0 ? stack : stack.slice(0, own)).map(({ name, file }) => `${file.split('/').at(-1)} ${name}`)
    if (
      inner.some((frame) =>
        /^(queue\.py (get|put)|pool\.py|.*\b_?(getconn|get_connection|_do_get|acquire_connection))/.test(frame),
      )
    )
      return 'pool'
    if (
      inner.some((frame) =>
        /^(threading\.py (acquire|wait|__enter__|_wait_for_tstate_lock)|synchronize\.py)/.test(frame),
      )
    )
      return 'lock'
    if (inner.some((frame) => /^(socket|ssl|selectors|subprocess|http|client|connection|urllib3)/.test(frame)))
      return 'io'
    const frame = stack[Math.max(0, own)]
    return own > 0 || frame === undefined ? 'other' : this.#sources.waitAt(frame.file, frame.line)
  }

  async #look(): Promise<Look> {
    const { groups } = await dumpPython(this.#pid, this.#pySpy)
    const waiting = new Map<string, number>()
    let threads = 0
    let active = 0
    for (const { count, state, stack } of groups) {
      threads += count
      if (state === 'running') active += count
      else {
        const own = stack.find(({ file }) => !/\/(lib\/python|site-packages)/.test(file)) ?? stack[0]
        const place = own === undefined ? 'unknown' : `${own.name} (${own.file.split('/').at(-1)}:${own.line})`
        const key = `${this.#waitOf(stack)} ${place}`
        waiting.set(key, (waiting.get(key) ?? 0) + count)
      }
    }
    return { threads, active, held: groups.some(({ holdsGil }) => holdsGil), waiting }
  }
}
