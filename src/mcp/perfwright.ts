/** Calls perfwright's own command line, so that an agent gets what a person gets, and a run cannot harm the server. */
import { spawn } from 'node:child_process'
import type { Cancel, Clock } from '#base/clock.js'

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

export interface CallOptions {
  readonly cwd: string
  readonly signal?: AbortSignal
  readonly env?: Readonly<Record<string, string>>
  /** Once a second while it runs. */
  readonly tick?: (seconds: number) => void
  readonly clock: Clock
  /** Seconds after which it is interrupted. */
  readonly limitS?: number
}

/** Enough for any table; a program that says more is cut off. */
const maxChars = 2_000_000

/** @param command  `[node, bin/perfwright.js]` */
export function call(command: readonly string[], args: readonly string[], options: CallOptions): Promise<Answer> {
  const [program = '', ...before] = command
  const { clock } = options
  const startedNs = clock.nowNs()
  const seconds = (): number => (clock.nowNs() - startedNs) / 1e9
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...before, ...args], {
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env, NO_COLOR: '1' },
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout = `${stdout}${text}`.slice(0, maxChars)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = `${stderr}${text}`.slice(-maxChars)))
    // As Ctrl-C: the run ends gracefully and keeps what it measured.
    const stop = (): void => void child.kill('SIGINT')
    options.signal?.addEventListener('abort', stop, { once: true })
    let cancel: Cancel
    const tick = (): void => {
      cancel = clock.coarseAt(clock.nowNs() + 1e9, () => {
        options.tick?.(seconds())
        if (seconds() > (options.limitS ?? Number.POSITIVE_INFINITY)) stop()
        tick()
      })
    }
    tick()
    const end = (): void => {
      cancel()
      options.signal?.removeEventListener('abort', stop)
    }
    child.on('error', (error) => {
      end()
      reject(error)
    })
    child.on('close', (code) => {
      end()
      resolve({ code: code ?? 105, stdout, stderr, seconds: seconds() })
    })
  })
}
