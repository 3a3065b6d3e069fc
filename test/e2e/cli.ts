/** Runs the built command line as a person does, and real targets for it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const bin: string = join(root, 'bin', 'perfwright.js')

export interface CliAnswer {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly cwd: string
  readonly input?: string
  readonly env?: Record<string, string>
  /**
   * Whether a run watches its target. Off unless a test is about it: targets of most tests live in the process of the
   * tests, whose inspector every run would open.
   */
  readonly observe?: boolean
  /** Gets the child as soon as it runs: signals, resource limits. */
  readonly onStart?: (child: ChildProcess) => void
}

/** The CLI on the Node that runs the tests; ends it by force after a minute. */
export function perfwright(args: readonly string[], options: CliOptions): Promise<CliAnswer> {
  if (!existsSync(join(root, 'dist', 'cli', 'main.js')))
    throw new Error('dist is missing: npm run build (npm test does it by itself)')
  return new Promise((resolve, reject) => {
    const child = spawn(nodeOnPath(), [bin, ...args], {
      cwd: options.cwd,
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        PERFWRIGHT_NO_OBSERVE: String(options.observe !== true),
        ...options.env,
      },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, stdout, stderr })
    })
    if (options.input !== undefined) child.stdin!.end(options.input)
    options.onStart?.(child)
  })
}

/** CI runs these tests a second time with another Node first on PATH. */
function nodeOnPath(): string {
  return process.env['PW_NODE'] ?? process.execPath
}

export interface Target {
  readonly url: string
  readonly pid: number
  stop(): void
}

export function startTarget(): Promise<Target> {
  const child = spawn(process.execPath, [join(root, 'test', 'targets', 'web-server.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.stdout.once('data', (line: Buffer) => {
      const { url, pid } = JSON.parse(line.toString()) as { url: string; pid: number }
      resolve({ url, pid, stop: () => child.kill('SIGKILL') })
    })
  })
}

/** A folder of its own with the given files. */
export function folder(files: Readonly<Record<string, string>>): string {
  const at = mkdtempSync(join(tmpdir(), 'pw-e2e-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(at, name), text)
  return at
}

export function readJson(...path: string[]): Record<string, never> {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as Record<string, never>
}
