import { spawn } from 'node:child_process'
import { unusable } from '../take/errors.js'
import { pySpyFailure, type PySpy } from '../take/python/py-spy.js'
import { type Dump, group } from './types.js'

interface Thread {
  readonly thread_name?: string | null
  readonly os_thread_id?: number
  readonly active?: boolean
  readonly owns_gil?: boolean
  readonly frames?: readonly { readonly name?: string; readonly filename?: string; readonly line?: number }[]
}

/** By `py-spy dump --json`: the process stands still for some milliseconds. */
export async function dumpPython(pid: number, spy: PySpy): Promise<Dump> {
  const { code, stdout, stderr } = await run(spy.program, ['dump', '--json', '--full-filenames', '--pid', String(pid)])
  let threads: readonly Thread[]
  try {
    threads = JSON.parse(stdout) as readonly Thread[]
  } catch {
    throw pySpyFailure(pid, code, stderr)
  }
  const stacks = threads.map((thread) => ({
    name: thread.thread_name ?? `thread ${thread.os_thread_id ?? '?'}`,
    state: thread.active === true ? 'running' : 'waiting',
    holdsGil: thread.owns_gil === true,
    stack: (thread.frames ?? []).map(({ name = '?', filename = '', line = 0 }) => ({ name, file: filename, line })),
  }))
  return { runtime: 'python', method: 'py-spy dump', groups: group(stacks), notes: [] }
}

function run(
  program: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', () =>
      reject(
        unusable(
          'PW_PROFILE_NO_PY_SPY',
          `py-spy does not start (${program}).`,
          'pip install py-spy, or say where it is: --py-spy PATH',
        ),
      ),
    )
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}
