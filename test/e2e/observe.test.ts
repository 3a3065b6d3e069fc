import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { listeningPorts } from '#profile/take/process.js'
import { bin, perfwright } from './cli.js'

const cwd = mkdtempSync(join(tmpdir(), 'pw-e2e-observe-'))
const port = 21_000 + (process.pid % 20_000)
writeFileSync(
  join(cwd, 'server.cjs'),
  `const server = require('node:http').createServer((request, response) => {
  if (request.url === '/die') process.exit(3)
  response.end('ok')
}).listen(${port}, '127.0.0.1')
process.on('SIGTERM', () => { console.log('asked to end'); process.exit(0) })`,
)
const script = (name: string, seconds: number, path = ''): string => {
  const file = join(cwd, name)
  writeFileSync(
    file,
    `import http from 'k6/http'
import { sleep } from 'k6'
export const options = { vus: 2, duration: '${seconds}s' }
export default function () { http.get('http://127.0.0.1:${port}/'); sleep(0.05); ${path} }`,
  )
  return file
}
const quiet = ['--quiet', '--no-report', '--no-summary']

async function answers(): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  )
}

it('a target that we start is observed with its runtime and asked to end afterwards', async () => {
  const record = join(cwd, 'started')
  const args = ['run', ...quiet, '--record', record, '--target-cmd', 'node server.cjs', script('load.js', 3)]
  const { code, stderr } = await perfwright(args, { cwd, observe: true })
  expect(stderr).toContain('observing host, node ')
  expect(code).toBe(0)
  expect(readFileSync(join(record, 'target.log'), 'utf8')).toContain('asked to end')
  expect(await answers()).toBe(false)
  const events = readFileSync(join(record, 'events.ndjson'), 'utf8')
  expect(events).toMatch(/"type":"target","detail":\{"pid":\d+,"command":"node server.cjs","runtime":"node"/)
  expect(events).toMatch(/"part":"node".*"state":"closed"/)
  for (const part of ['host', 'target', 'node']) expect(existsSync(join(record, 'observed', part)), part).toBe(true)
})

it('a target that ends before it listens is told with its last words', async () => {
  const args = ['run', ...quiet, '--target-cmd', 'echo no database; exit 5', script('early.js', 1)]
  const { code, stderr } = await perfwright(args, { cwd, observe: true })
  expect(code).toBe(34)
  expect(stderr).toContain('ended (exit code 5) before it listened')
  expect(stderr).toContain('no database')
})

it('a target that dies is told and found again when another takes its place; the run goes on', async () => {
  const record = join(cwd, 'died')
  // A supervisor as simple as can be.
  const command = 'while true; do node server.cjs; done'
  const load = script('die.js', 9, `if (__VU === 1 && __ITER === 10) http.get('http://127.0.0.1:${port}/die')`)
  const { stderr } = await perfwright(['run', ...quiet, '--record', record, '--target-cmd', command, load], {
    cwd,
    observe: true,
  })
  expect(stderr).toMatch(/the target node server\.cjs \(process \d+\) ended during the run/)
  const events = readFileSync(join(record, 'events.ndjson'), 'utf8')
  expect(events).toMatch(/"type":"target-ended"/)
  expect(events).toMatch(/"type":"target",.*took the place of process/)
  expect(await answers()).toBe(false)
})

it('a target whose observer is killed stays as it was', async () => {
  const target = spawn(process.execPath, ['server.cjs'], { cwd, stdio: 'ignore' })
  try {
    while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 50))
    const record = join(cwd, 'killed')
    const run = spawn(process.execPath, [bin, 'run', ...quiet, '--record', record, script('killed.js', 60)], {
      cwd,
      stdio: 'ignore',
    })
    const events = join(record, 'events.ndjson')
    while (!existsSync(events) || !readFileSync(events, 'utf8').includes('"part":"node"'))
      await new Promise((resolve) => setTimeout(resolve, 100))
    expect(listeningPorts(target.pid as number).length).toBe(2)
    run.kill('SIGKILL')
    // Fifteen seconds without a sign of us close the inspector.
    for (let i = 0; i < 400 && listeningPorts(target.pid as number).length > 1; i++)
      await new Promise((resolve) => setTimeout(resolve, 100))
    expect(listeningPorts(target.pid as number).length).toBe(1)
    expect(await answers()).toBe(true)
  } finally {
    target.kill('SIGKILL')
  }
})
