import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { systemClock } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { openReason } from './errors.js'
import { openFile, Sink } from './sink.js'

/** `--console-output FILE`: the script's console lines go to a file, at its end, instead of the log. */
export class ConsoleFile {
  readonly #sink: Sink

  /** Use `open`. */
  constructor(sink: Sink) {
    this.#sink = sink
  }

  /** @throws PW_CONSOLE_OUTPUT in k6's words when the file cannot be opened */
  static async open(path: string, cwd: string, warn: (message: string) => void): Promise<ConsoleFile> {
    let file: Writable
    try {
      file = await openFile(resolve(cwd, path), 'a')
    } catch (error) {
      throw new PerfwrightError({
        code: 'PW_CONSOLE_OUTPUT',
        message: openReason(path, error),
        where: `--console-output ${path}`,
        exitCode: ExitCode.k6Usage,
        cause: error,
      })
    }
    const sink = new Sink(
      { output: 'console', description: `console output (${path})`, path: '/' },
      { cwd, stdout: file, warn, clock: systemClock, openFile: async () => file },
    )
    await sink.open()
    return new ConsoleFile(sink)
  }

  /** @param line  formatted, with its newline */
  write(line: string): void {
    this.#sink.write(line, 1)
  }

  async close(): Promise<void> {
    await this.#sink.close(10e9)
  }
}
