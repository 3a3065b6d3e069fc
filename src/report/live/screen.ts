/**
 * Draws the live block in place on a terminal, and lets log lines pass above it; elsewhere one plain line every 10 s.
 */
import type { Paint } from '../paint.js'
import { type LiveState, renderLive, renderPlain } from './render.js'

export interface Terminal {
  readonly isTty: boolean
  columns(): number
  write(text: string): void
}

/** Seconds between plain lines. */
const plainEveryS = 10

export class LiveScreen {
  readonly #terminal: Terminal
  readonly #paint: Paint
  readonly #quiet: boolean
  #drawn = 0
  #lastPlainS = 0

  constructor(terminal: Terminal, paint: Paint, quiet: boolean) {
    this.#terminal = terminal
    this.#paint = paint
    this.#quiet = quiet
  }

  update(state: LiveState): void {
    if (this.#quiet) return
    if (!this.#terminal.isTty) {
      if (state.elapsedS - this.#lastPlainS < plainEveryS) return
      this.#lastPlainS = state.elapsedS
      this.#terminal.write(`${renderPlain(state)}\n`)
      return
    }
    const lines = renderLive(state, Math.max(20, this.#terminal.columns()), this.#paint)
    this.#terminal.write(this.#erase() + lines.map((line) => `${line}\n`).join(''))
    this.#drawn = lines.length
  }

  /** Writes something above the block. */
  around(write: () => void): void {
    if (this.#drawn > 0) this.#terminal.write(this.#erase())
    this.#drawn = 0
    write()
  }

  /** Leaves the last block standing. */
  end(): void {
    this.#drawn = 0
  }

  #erase(): string {
    return this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A\x1b[0J`
  }
}
