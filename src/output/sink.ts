/** A file or standard output that takes text in pieces, with a bound on what may wait. */
import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Cancel } from '#base/clock.js'
import { openReason, outputNotCreated, writeReason } from './errors.js'
import type { OutputContext, OutputLoss } from './types.js'

/** Characters (bytes, of binary files) that may wait for a slow disk: some ten seconds of a hundred thousand samples a second. */
const MAX_WAITING = 256 << 20
/** Characters written at a time: a disk that is slow but alive shows it by the next piece. */
const PIECE = 4 << 20

export interface SinkOptions {
  /** Name of the output, for messages. */
  readonly output: string
  readonly description: string
  /** undefined = standard output; a name that ends in `.gz` is compressed. */
  readonly path: string | undefined
  readonly maxWaiting?: number
}

/** What a sink needs of its run. */
export type SinkContext = Pick<OutputContext, 'cwd' | 'stdout' | 'warn' | 'openFile' | 'clock'>

export class Sink {
  readonly #options: SinkOptions
  readonly #context: SinkContext
  #target: Writable | undefined
  #file: Writable | undefined
  #waiting: { readonly text: string | Uint8Array; readonly samples: number }[] = []
  #waitingChars = 0
  #writing: Promise<void> | undefined
  #samplesInFlight = 0
  #samplesWaiting = 0
  #lost = 0
  #why: string | undefined
  /** Pieces. */
  #written = 0
  #broken = false
  #break: () => void = () => {}
  readonly #breaking: Promise<void> = new Promise((resolve) => (this.#break = resolve))
  readonly #onError = (error: Error): void => this.#fail(error)

  constructor(options: SinkOptions, context: SinkContext) {
    this.#options = options
    this.#context = context
  }

  /** @throws PW_OUTPUT_CREATE */
  async open(): Promise<void> {
    const { path, output } = this.#options
    if (path === undefined) {
      // A reader that has gone away (`| head`) must not end the run.
      this.#context.stdout.on('error', this.#onError)
      return
    }
    try {
      this.#file = await (this.#context.openFile ?? openFile)(resolve(this.#context.cwd, path))
    } catch (error) {
      throw outputNotCreated(output, openReason(path, error), error)
    }
    this.#file.on('error', this.#onError)
    if (!path.endsWith('.gz')) {
      this.#target = this.#file
      return
    }
    const gzip = createGzip()
    gzip.on('error', this.#onError)
    gzip.pipe(this.#file)
    this.#target = gzip
  }

  /** @param samples  how many the text holds, for the count of what is lost */
  write(text: string | Uint8Array, samples: number): void {
    if (this.#broken) {
      this.#lost += samples
      return
    }
    if (this.#waitingChars + text.length > (this.#options.maxWaiting ?? MAX_WAITING)) {
      this.#lose(samples, 'it could not be written as fast as the run measures')
      return
    }
    this.#waiting.push({ text, samples })
    this.#waitingChars += text.length
    this.#samplesWaiting += samples
    this.#writing ??= this.#drain()
  }

  /**
   * Writes what waits, closes the file, answers what is not in it.
   * @param patienceNs  how long a place that takes nothing is waited for
   */
  async close(patienceNs: number): Promise<OutputLoss | undefined> {
    const cancel = this.#watch(patienceNs)
    await this.#end()
    cancel()
    if (this.#why === undefined) return undefined
    return { output: this.#options.description, samples: this.#lost, why: this.#why }
  }

  async #end(): Promise<void> {
    await this.#writing
    this.#context.stdout.removeListener('error', this.#onError)
    if (!this.#broken && this.#target !== undefined) {
      try {
        this.#target.end()
        await Promise.race([finished(this.#file as Writable), this.#breaking])
      } catch (error) {
        this.#fail(error)
      }
    }
  }

  /** Breaks off when nothing has been written for so long. */
  #watch(patienceNs: number): Cancel {
    const { clock } = this.#context
    let cancel: Cancel = () => {}
    let before = -1
    const look = (): void => {
      if (this.#written === before) return this.#fail(new Error('it stands still'))
      before = this.#written
      cancel = clock.coarseAt(clock.nowNs() + patienceNs, look)
    }
    look()
    return () => cancel()
  }

  async #drain(): Promise<void> {
    // Not within `write`: its caller is on the way of the run.
    await Promise.resolve()
    while (this.#waiting.length > 0 && !this.#broken) {
      const text = this.#take()
      try {
        await Promise.race([writeAll(this.#target ?? this.#context.stdout, text), this.#breaking])
        this.#samplesInFlight = 0
        this.#written++
      } catch (error) {
        this.#fail(error)
      }
    }
    this.#writing = undefined
  }

  /** The next piece of what waits. */
  #take(): string | Uint8Array {
    let pieces = 0
    let chars = 0
    for (; pieces < this.#waiting.length && chars < PIECE; pieces++) {
      const next = this.#waiting[pieces]
      chars += next?.text.length ?? 0
      this.#samplesInFlight += next?.samples ?? 0
    }
    this.#samplesWaiting -= this.#samplesInFlight
    this.#waitingChars -= chars
    return joined(this.#waiting.splice(0, pieces).map(({ text }) => text))
  }

  #fail(error: unknown): void {
    if (this.#broken) return
    this.#broken = true
    this.#break()
    this.#lose(this.#samplesInFlight + this.#samplesWaiting, writeReason(error))
    this.#waiting = []
    this.#file?.destroy()
    // A gzip whose file is gone would wait for ever.
    this.#target?.destroy()
  }

  #lose(samples: number, why: string): void {
    this.#lost += samples
    if (this.#why !== undefined) return
    this.#why = why
    this.#context.warn(`Samples are missing from the output ${this.#options.description}: ${why}. The run goes on.`)
  }
}

/** @param flags  `w` truncates, as k6 does; `a` appends */
export function openFile(path: string, flags: 'w' | 'a' = 'w'): Promise<Writable> {
  return new Promise((opened, refused) => {
    const file = createWriteStream(path, { flags })
    file.once('open', () => {
      file.off('error', refused)
      opened(file)
    })
    file.once('error', refused)
  })
}

function joined(pieces: readonly (string | Uint8Array)[]): string | Uint8Array {
  return pieces.every((piece) => typeof piece === 'string')
    ? pieces.join('')
    : Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)))
}

function writeAll(target: NodeJS.WritableStream, text: string | Uint8Array): Promise<void> {
  return new Promise((written, failed) => {
    const closed = (): void => failed(new Error('the file was closed'))
    target.once('close', closed)
    target.write(typeof text === 'string' ? Buffer.from(text) : text, (error) => {
      target.removeListener('close', closed)
      if (error == null) written()
      else failed(error)
    })
  })
}
