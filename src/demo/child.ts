/**
 * Processes that a process starts and waits for. A child says what it does on stderr, and one JSON line on stdout once it
 * serves. It holds its standard input open only as a leash: when that ends, whoever started it is gone, so it ends too.
 */
import { type ChildProcess, spawn } from 'node:child_process'

export interface Child<Ready> {
  readonly ready: Ready
  readonly pid: number
  /** Asks it to end, and after 5 s makes it. Resolves when it has ended. */
  stop(): Promise<void>
  /** Calls back once it has ended by itself. */
  onExit(fn: (code: number | null) => void): void
}

export interface ChildOptions {
  readonly file: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly progress?: (message: string) => void
  /** Options of node itself, as `--cpu-prof`. */
  readonly execArgv?: readonly string[]
}

/** @throws Error with the child's last words when it ends before it is ready */
export async function startChild<Ready extends object>(options: ChildOptions): Promise<Child<Ready>> {
  const child = spawn(process.execPath, [...(options.execArgv ?? []), options.file, ...(options.args ?? [])], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.stdin.on('error', () => {})
  const answer = await firstLine<Ready>(child, options)
  return {
    ready: answer,
    pid: child.pid ?? 0,
    onExit: (fn) => void child.once('exit', fn),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const insist = setTimeout(() => child.kill('SIGKILL'), 5_000)
      child.kill('SIGTERM')
      await exited
      clearTimeout(insist)
    },
  }
}

/** What Node says of its inspector, which opens and closes while the demo is observed. */
const ofInspector = /^(Debugger (listening|attached|ending)|For help, see: https:\/\/nodejs\.org)/

function firstLine<Ready>(child: ChildProcess, options: ChildOptions): Promise<Ready> {
  return new Promise((resolve, reject) => {
    let out = ''
    let words = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-4_000)
      for (const line of text.split('\n')) {
        if (line.trim() !== '' && !ofInspector.test(line)) options.progress?.(line.trim())
      }
    })
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const end = (out += text).indexOf('\n')
      if (end < 0) return
      try {
        resolve(JSON.parse(out.slice(0, end)) as Ready)
      } catch {
        reject(new Error(`${options.file} said ${out.slice(0, 200)}`))
      }
      // What comes later is not for us, but the pipe must not fill up.
      child.stdout?.removeAllListeners('data').resume()
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      reject(new Error(`${options.file} ended (${signal ?? code}) before it was ready: ${words.trim() || 'no word'}`))
    })
  })
}

/** In the child: the one line that says it serves. */
export function ready(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

/** In the child: a line of progress. */
export function report(message: string): void {
  process.stderr.write(`${message}\n`)
}

/** In the child: end with whoever started it, kill -9 included. */
export function stopWithParent(): void {
  process.on('SIGINT', () => {}) // Ctrl-C goes to the whole group; the parent decides.
  process.on('SIGTERM', () => process.exit(0))
  process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0))
  process.stdin.resume()
}
