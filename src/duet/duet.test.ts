/** Real processes on real sockets; counts and roles are asserted, times are not. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#base/clock.js'
import { TreeCpu } from './cpu.js'
import { runDuets, spentLevel } from './duet.js'
import { RequestRecorder } from './record-requests.js'
import { urlSource } from './requests.js'
import type { SideSpec } from './types.js'

const ports = { clock: systemClock, signal: new AbortController().signal, progress: () => {} }

/** Answers 200 with its own WORK after so many rounds of arithmetic. */
const program = `
const http = require('http')
http.createServer((q, r) => {
  let x = 0
  for (let i = 0; i < Number(process.env.WORK); i++) x = (x * 31 + i) % 1000003
  r.statusCode = Number(process.env.STATUS || 200)
  r.end(String(x * 0))
}).listen(process.env.PORT, '127.0.0.1')`

function side(env: Record<string, string>): SideSpec {
  const command = `exec "${process.execPath}" -e "${program.replace(/"/g, '\\"')}"`
  return { command, url: undefined, cwd: process.cwd(), env: { ...process.env, ...env } }
}

const plan = {
  requests: urlSource(['/x?n={1..9}']),
  duets: 4,
  most: 4,
  warmUpMs: 60,
  measuredMs: 150,
  lanes: 1,
  seed: 1,
}

describe('a duet of real processes', () => {
  it('finds the side that works five times as much, by its CPU per request, in fresh processes with swapped roles', async () => {
    const { verdict, duets } = await runDuets(
      { ...plan, a: side({ WORK: '20000' }), b: side({ WORK: '100000' }) },
      ports,
    )
    expect(duets.map(({ swapped }) => swapped)).toEqual([false, true, false, true])
    for (const { a, b, differing } of duets) {
      expect(a.requests).toBe(b.requests)
      expect(differing).toMatchObject({ status: 0, body: 0 })
    }
    const cpu = verdict.comparisons.find(({ metric }) => metric === 'cpu')!
    expect(cpu.change!).toBeGreaterThan(1)
    expect(verdict.verdict).toBe('regression')
  }, 60_000)

  it('a side that ends before it listens is named with its last words', async () => {
    const broken: SideSpec = { ...side({}), command: 'echo no config >&2; exit 3' }
    await expect(runDuets({ ...plan, a: side({ WORK: '1' }), b: broken }, ports)).rejects.toMatchObject({
      code: 'PW_DUET_SIDE_ENDED',
      message: expect.stringMatching(/Side b ended \(exit code 3\).*no config/s),
    })
  }, 30_000)

  it('sides with different answers are invalid', async () => {
    const { verdict } = await runDuets(
      { ...plan, a: side({ WORK: '1' }), b: side({ WORK: '1', STATUS: '404' }) },
      ports,
    )
    expect(verdict.verdict).toBe('invalid')
    expect(verdict.why).toContain('status')
  }, 60_000)

  it('an odd number of duets is refused', async () => {
    await expect(runDuets({ ...plan, duets: 5, a: side({}), b: side({}) }, ports)).rejects.toMatchObject({
      code: 'PW_DUET_USAGE',
    })
  })

  it('looking twice spends less than the level in all', () => {
    expect(spentLevel(0.02, 0.5)).toBeLessThan(0.005)
    expect(spentLevel(0.02, 1)).toBe(0.02)
  })
})

describe('CPU of a process tree', () => {
  it('counts what children do', async () => {
    const busy = 'const e = Date.now() + 300; while (Date.now() < e);'
    const parent = spawn(process.execPath, [
      '-e',
      `setTimeout(() => require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(busy)}]), 50); process.stdin.resume(); setTimeout(() => console.log('done'), 60)`,
    ])
    const cpu = new TreeCpu(parent.pid as number)
    await new Promise((resolve) => parent.stdout.once('data', resolve))
    const used = cpu.usedNs()
    parent.kill()
    // The child ran 300 ms of wall time; on a full machine it had at least a tenth of that on a CPU.
    expect(used).toBeGreaterThan(30e6)
  }, 30_000)
})

describe('the recorder of a script', () => {
  const target = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.end(`${request.method} ${request.url}`))
  })
  beforeAll(() => new Promise<void>((resolve) => void target.listen(0, '127.0.0.1', resolve)))
  afterAll(() => void target.close())

  it('passes requests on and keeps them, bodies and headers too', async () => {
    const recorder = new RequestRecorder(
      new URL(`http://127.0.0.1:${(target.address() as AddressInfo).port}`),
      10,
      () => {},
    )
    const base = `http://127.0.0.1:${await recorder.open()}`
    expect(await (await fetch(`${base}/a?b=1`, { headers: { 'x-token': 't' } })).text()).toBe('GET /a?b=1')
    await fetch(`${base}/c`, { method: 'POST', body: Buffer.from([0xff, 0x00]) })
    await recorder.close()
    expect(recorder.requests).toMatchObject([
      { method: 'GET', path: '/a?b=1', headers: { 'x-token': 't' } },
      { method: 'POST', path: '/c', body: '/wA=', bodyEncoding: 'base64' },
    ])
    expect(recorder.requests[1]?.headers).not.toHaveProperty('content-length')
  })
})
