/** `profile top`: which functions run now, refreshed while one looks, in the manner of top(1). */
import { parseArgs } from 'node:util'
import { type Clock, systemClock } from '#base/clock.js'
import { parseDuration } from '#base/duration.js'
import { ExitCode } from '#base/errors.js'
import { concat } from '#profile/concat.js'
import { takeProfile } from '#profile/take/index.js'
import { cpuTimeNs, inspectProcess } from '#profile/take/process.js'
import type { Chunk, ProfileKind, TakeOptions } from '#profile/take/types.js'
import { top as topOf } from '#profile/views/top.js'
import { topText } from '#profile/views/top-text.js'
import type { CommandIo } from '../../command.js'
import { orUsage, pidOf, usage } from './usage.js'

const kinds: readonly ProfileKind[] = ['cpu', 'wall', 'lock']
/** What is shown is the sum of so much time, so that a table does not jump with every refresh. */
const shownMs = 10_000

export async function top(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values } = orUsage(() =>
    parseArgs({
      args: [...argv],
      options: {
        pid: { type: 'string' },
        kind: { type: 'string', default: 'cpu' },
        every: { type: 'string', default: '2s' },
        duration: { type: 'string' },
        'py-spy': { type: 'string', default: 'py-spy' },
        json: { type: 'boolean', default: false },
      },
    }),
  )
  const kind = kinds.find((one) => one === values.kind)
  if (kind === undefined) throw usage(`profile top has no kind "${values.kind}".`, `use one of ${kinds.join(', ')}`)
  const pid = pidOf(values.pid)
  inspectProcess(pid)
  const everyMs = milliseconds('--every', values.every)
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const screen = new TopScreen(io, pid, values.json, systemClock)
  const options: TakeOptions = {
    kind,
    durationMs: values.duration === undefined ? 1e9 : milliseconds('--duration', values.duration),
    rateHz: undefined,
    clock: systemClock,
    signal: stop.signal,
    chunkMs: everyMs,
    onChunk: (chunk) => screen.add(chunk),
  }
  try {
    const { partial } = await takeProfile({ pid, pySpy: { program: values['py-spy'], native: false } }, options)
    if (partial !== undefined && !stop.signal.aborted) io.stderr.write(`${partial}\n`)
    return ExitCode.ok
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

class TopScreen {
  readonly #io: CommandIo
  readonly #pid: number
  readonly #json: boolean
  readonly #clock: Clock
  #recent: Chunk[] = []
  #cpuNs: number | undefined
  #atNs: number

  constructor(io: CommandIo, pid: number, json: boolean, clock: Clock) {
    this.#io = io
    this.#pid = pid
    this.#json = json
    this.#clock = clock
    this.#cpuNs = cpuTimeNs(pid)
    this.#atNs = clock.nowNs()
  }

  add(chunk: Chunk): void {
    // Threads come each with a chunk of their own.
    const since = this.#clock.unixMs() - shownMs - 500
    this.#recent = [...this.#recent, chunk].filter(({ fromUnixMs }) => fromUnixMs >= since)
    const profile = concat(this.#recent.map(({ profile }) => profile))
    const seconds = Math.round((this.#clock.unixMs() - Math.min(...this.#recent.map((one) => one.fromUnixMs))) / 1000)
    const cores = this.#cores()
    if (this.#json) {
      const { rows, total, hot } = topOf(profile)
      this.#io.stdout.write(`${JSON.stringify({ pid: this.#pid, cores, total, hot, rows: rows.slice(0, 30) })}\n`)
      return
    }
    const { stdout } = this.#io
    const tty = stdout.isTTY === true
    const head = `process ${this.#pid}${cores === undefined ? '' : `, ${cores.toFixed(2)} cores`}; the last ${seconds} s; Ctrl-C ends`
    const limit = tty ? Math.max(5, ((stdout as { rows?: number }).rows ?? 40) - 8) : 15
    const text = topText(profile, { limit, width: stdout.columns ?? 160 })
    // Home and clear below, not the whole scroll-back.
    stdout.write(tty ? `\x1b[H\x1b[J${head}\n${text}` : `${head}\n${text}\n`)
  }

  #cores(): number | undefined {
    const cpuNs = cpuTimeNs(this.#pid)
    const nowNs = this.#clock.nowNs()
    const before = this.#cpuNs
    const elapsedNs = nowNs - this.#atNs
    this.#cpuNs = cpuNs
    this.#atNs = nowNs
    return cpuNs === undefined || before === undefined || elapsedNs <= 0 ? undefined : (cpuNs - before) / elapsedNs
  }
}

function milliseconds(flag: string, text: string): number {
  const duration = parseDuration(text)
  if (!('ns' in duration) || duration.ns < 1e9) throw usage(`${flag} ${text} is no time of 1 s or more.`, 'give 2s')
  return duration.ns / 1e6
}
