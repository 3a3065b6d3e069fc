/** A file or standard output that takes text in pieces, with a bound on what may wait. */
import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { openReason, outputNotCreated, writeReason } from './errors.js'
import type { OutputContext, OutputLoss } from './types.js'

/** Characters that may wait for a slow disk: some ten seconds of a hundred thousand samples a second. */
const MAX_WAITING = 256 << 20

export interface SinkOptions {
  /** Name of the output, for messages. */
  readonly output: string
  readonly description: string
  /** undefined = standard output; a name that ends in `.gz` is compressed. */
  readonly path: string | undefined
  readonly maxWaiting?: number
}

/** What a sink needs of its run. */
export type SinkContext = Pick<OutputContext, 'cwd' | 'stdout' | 'warn' | 'openFile'>

export class Sink {
  readonly #options: SinkOptions
  readonly #context: SinkContext
  #target: Writable | undefined
  #file: Writable | undefined
  #waiting: string[] = []
  #waitingChars = 0
  #writing: Promise<void> | undefined
  #samplesInFlight = 0
  #samplesWaiting = 0
  #lost = 0
  #why: string | undefined
  #broken = false
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
  write(text: string, samples: number): void {
    if (this.#broken) {
      this.#lost += samples
      return
    }
    if (this.#waitingChars + text.length > (this.#options.maxWaiting ?? MAX_WAITING)) {
      this.#lose(samples, 'it could not be written as fast as the run measures')
      return
    }
    this.#waiting.push(text)
    this.#waitingChars += text.length
    this.#samplesWaiting += samples
    this.#writing ??= this.#drain()
  }

  /** Writes what waits, closes the file, answers what is not in it. */
  async close(): Promise<OutputLoss | undefined> {
    await this.#writing
    this.#context.stdout.removeListener('error', this.#onError)
    if (!this.#broken && this.#target !== undefined) {
      try {
        this.#target.end()
        await finished(this.#file as Writable)
      } catch (error) {
        this.#fail(error)
      }
    }
    if (this.#why === undefined) return undefined
    return { output: this.#options.description, samples: this.#lost, why: this.#why }
  }

  async #drain(): Promise<void> {
    // Not within `write`: its caller is on the way of the run.
    await Promise.resolve()
    while (this.#waiting.length > 0 && !this.#broken) {
      const text = this.#waiting.join('')
      this.#samplesInFlight = this.#samplesWaiting
      this.#waiting = []
      this.#samplesWaiting = 0
      this.#waitingChars = 0
      try {
        await writeAll(this.#target ?? this.#context.stdout, text)
        this.#samplesInFlight = 0
      } catch (error) {
        this.#fail(error)
      }
    }
    this.#writing = undefined
  }

  #fail(error: unknown): void {
    if (this.#broken) return
    this.#broken = true
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

function writeAll(target: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((written, failed) => {
    const closed = (): void => failed(new Error('the file was closed'))
    target.once('close', closed)
    target.write(text, 'utf8', (error) => {
      target.removeListener('close', closed)
      if (error == null) written()
      else failed(error)
    })
  })
}
