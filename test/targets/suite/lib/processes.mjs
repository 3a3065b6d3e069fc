// Processes of a pair: started, waited for, and surely gone afterwards.
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const running = new Set()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * @param {{ command: string[], env?: Record<string, string>, log: string, cwd?: string }} what
 * @returns {{ pid: number, ended: Promise<number | null>, stop(): Promise<void> }}
 */
export function start({ command: [program, ...args], env = {}, log, cwd }) {
  const file = openSync(log, 'a')
  const child = spawn(program, args, { stdio: ['ignore', file, file], env: { ...process.env, ...env }, cwd })
  closeSync(file)
  running.add(child)
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  ended.catch(() => running.delete(child))
  return {
    pid: child.pid ?? 0,
    ended,
    async stop() {
      if (!running.has(child)) return
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 3_000)
      await ended.catch(() => {})
      clearTimeout(force)
    },
  }
}

/** Until something listens there. @throws when nothing does within the time, or the process ended */
export async function listening(port, child, timeoutMs = 20_000) {
  const until = Date.now() + timeoutMs
  const gone = child.ended.then(
    () => true,
    () => true,
  )
  while (Date.now() < until) {
    if (await answers(port)) return
    if (await Promise.race([gone, delay(50, false)])) throw new Error('ended before it listened')
  }
  throw new Error(`does not listen on port ${port}`)
}

/** Ends within the time, or is ended. @returns exit code, or `late` */
export async function within(child, timeoutMs) {
  const timer = delay(timeoutMs, 'late', { ref: false })
  const answer = await Promise.race([child.ended, timer])
  if (answer === 'late') await child.stop()
  return answer
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
