import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#base/clock.js'
import { parseGoroutines } from './go.js'
import { dumpProcess } from './index.js'
import { dumpText } from './text.js'
import { group } from './types.js'

const pySpy = { program: 'py-spy', native: false }
const hasPySpy = spawnSync('py-spy', ['--version']).error === undefined
let dir: string
const children: ChildProcess[] = []
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pw-dump-'))
})
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

async function start(program: string, file: string, code: string): Promise<number> {
  const path = join(dir, file)
  writeFileSync(path, code)
  const child = spawn(program, [path], { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
  return child.pid as number
}

it('of a Node process names the function that holds the loop, and what keeps the process alive', async () => {
  const code = `require('http').createServer(() => {}).listen(0, () => console.log('up'))
function holdsTheLoop(ms) { const end = Date.now() + ms; while (Date.now() < end); }
setInterval(() => holdsTheLoop(90), 100)`
  const dump = await dumpProcess(await start(process.execPath, 'app.cjs', code), pySpy, systemClock)
  const busy = dump.groups.find(({ stack }) => stack.some(({ name }) => name === 'holdsTheLoop'))
  expect(busy?.stack.find(({ name }) => name === 'holdsTheLoop')?.file).toMatch(/app\.cjs$/)
  expect(dump.notes.join()).toMatch(/open handles: .*TCPServerWrap/)
})

it.skipIf(!hasPySpy)(
  'of a Python process counts threads that wait at the same place once, and names who holds the GIL',
  async () => {
    const code = `import threading
lock = threading.Lock()
def waits_for_the_lock():
    with lock: pass
def works():
    n = 0
    while True: n += 1
lock.acquire()
for i in range(4): threading.Thread(target=waits_for_the_lock, daemon=True).start()
print('up', flush=True)
works()
`
    const dump = await dumpProcess(await start('python3', 'app.py', code), pySpy, systemClock)
    const waiting = dump.groups.find(({ stack }) => stack[0]?.name === 'waits_for_the_lock')
    expect(waiting).toMatchObject({ count: 4, state: 'waiting' })
    expect(dump.groups.some(({ stack }) => stack[0]?.name === 'works')).toBe(true)
  },
)

describe('goroutines', () => {
  const text = `goroutine 1 [running]:
main.main()
\t/srv/main.go:12 +0x1d

goroutine 18 [sync.Mutex.Lock, 3 minutes]:
sync.(*Mutex).Lock(0xc000012345)
\t/usr/local/go/src/sync/mutex.go:90 +0x1
main.handler({0xc00001, 0x2}, 0x7)
\t/srv/main.go:40 +0x2
created by net/http.(*Server).Serve in goroutine 1
\t/usr/local/go/src/net/http/server.go:3285 +0x4b4

goroutine 19 [sync.Mutex.Lock, 3 minutes]:
sync.(*Mutex).Lock(0xc000099999)
\t/usr/local/go/src/sync/mutex.go:90 +0x1
main.handler({0xc00077, 0x9}, 0x1)
\t/srv/main.go:40 +0x2
created by net/http.(*Server).Serve in goroutine 1
\t/usr/local/go/src/net/http/server.go:3285 +0x4b4
`

  it('at the same place are one group, whatever their arguments', () => {
    const [most] = group(parseGoroutines(text))
    expect(most).toMatchObject({ count: 2, state: 'sync.Mutex.Lock, 3 minutes' })
    expect(most?.stack[1]).toEqual({ name: 'main.handler', file: '/srv/main.go', line: 40 })
  })

  it('of a hostile answer steer no terminal', () => {
    const groups = group(parseGoroutines(text.replaceAll('main.handler', 'main.\u001b[2Jhandler')))
    expect(dumpText({ runtime: 'go', method: 'test', groups, notes: [] })).not.toContain('\u001b')
  })
})

it('of what is no process says so', async () => {
  await expect(dumpProcess(2 ** 22 + 1, pySpy, systemClock)).rejects.toMatchObject({ code: 'PW_PROFILE_NO_PROCESS' })
})
