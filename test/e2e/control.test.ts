/** The REST API and its commands on real runs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { bin, folder, perfwright } from './cli.js'

const external = `
import { sleep } from 'k6'
export const options = { scenarios: { e: { executor: 'externally-controlled', vus: 2, maxVUs: 10, duration: '5m' } } }
export function setup() { return { a: '<1>' } }
export default function () { sleep(0.05) }
`

interface Live {
  readonly address: string
  readonly ended: Promise<{ code: number | null; stderr: string }>
}

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Starts a run that serves its API on a free port, and waits until it answers. */
async function start(script: string, ...flags: string[]): Promise<Live> {
  const cwd = folder({ 'script.js': script })
  const address = `127.0.0.1:${await freePort()}`
  const child = spawn(
    process.env['PW_NODE'] ?? process.execPath,
    [bin, 'run', '--quiet', '--address', address, ...flags, 'script.js'],
    {
      cwd,
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  children.push(child)
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, stderr })),
  )
  let over = false
  void ended.then(() => (over = true))
  await until(async () => {
    if (over) throw new Error(`the run ended: ${stderr}`)
    return (await call(address, 'GET', '/v1/status').catch(() => undefined)) !== undefined
  })
  return { address, ended }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

interface Answer {
  readonly status: number
  readonly text: string
}

function call(
  address: string,
  method: string,
  path: string,
  body = '',
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`http://${address}${path}`, { method, headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const patch = async (address: string, attributes: object): Promise<Answer> =>
  await call(address, 'PATCH', '/v1/status', JSON.stringify({ data: { type: 'status', id: 'default', attributes } }))

interface Status {
  readonly status: number
  readonly paused: boolean
  readonly vus: number
  readonly 'vus-max': number
}

async function status(address: string): Promise<Status> {
  return (JSON.parse((await call(address, 'GET', '/v1/status')).text) as { data: { attributes: Status } }).data
    .attributes
}

async function iterations(address: string): Promise<number> {
  const { status: code, text } = await call(address, 'GET', '/v1/metrics/iterations')
  if (code !== 200) return 0
  return (JSON.parse(text) as { data: { attributes: { sample: { count: number } } } }).data.attributes.sample.count
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50))
}

describe('a run that serves its API', () => {
  it('holds its iterations when paused, goes on when resumed, and ends with 103 when stopped', async () => {
    const { address, ended } = await start(external)
    await until(async () => (await iterations(address)) > 3)
    expect((await perfwright(['pause', '--address', address], { cwd: '.' })).stdout).toContain('paused: "true"')
    await until(async () => (await status(address)).vus === 0)
    // What ran has been counted when two windows have the same count.
    let held = -1
    await until(async () => {
      const before = held
      held = await iterations(address)
      await new Promise((resolve) => setTimeout(resolve, 1200))
      return held === before
    })
    expect(await iterations(address)).toBe(held)
    expect((await perfwright(['resume', '-a', address], { cwd: '.' })).stdout).toContain('paused: "false"')
    await until(async () => (await iterations(address)) > held)
    const stopped = await patch(address, { stopped: true })
    expect(stopped.text).toContain('"stopped":true')
    const { code, stderr } = await ended
    expect(code).toBe(103)
    expect(stderr).toContain('test run stopped from REST API')
  })

  it('scales the VUs of an externally-controlled scenario, and says in words what it cannot do', async () => {
    const { address } = await start(external)
    await until(async () => (await status(address)).vus === 2)
    const scaled = await perfwright(['scale', '--vus', '5', '--max', '12', '-a', address, '--json'], { cwd: '.' })
    expect(scaled.code).toBe(0)
    await until(async () => (await status(address)).vus === 5)
    expect((await status(address))['vus-max']).toBe(12)
    const beyond = await perfwright(['scale', '-u', '30', '-a', address], { cwd: '.' })
    expect(beyond.code).toBe(255)
    expect(beyond.stderr).toContain(
      'the number of active VUs (30) must be less than or equal to the number of maxVUs (12)',
    )
    expect((await perfwright(['scale', '-a', address], { cwd: '.' })).stderr).toContain(
      'Specify either -u/--vus or -m/--max',
    )
  })

  it('waits with --paused until it is resumed, whatever its executor', async () => {
    const { address, ended } = await start(
      'export const options = { iterations: 3 }; export default () => {}',
      '--paused',
    )
    await until(async () => (await status(address)).status === 4)
    expect(await iterations(address)).toBe(0)
    expect((await patch(address, { vus: 2 })).text).toContain(
      'an externally-controlled executor needs to be configured',
    )
    await patch(address, { paused: false })
    expect((await ended).code).toBe(0)
  })

  it('refuses to pause what k6 cannot pause, in its words', async () => {
    const { address } = await start(
      "import { sleep } from 'k6'; export const options = { vus: 1, duration: '5m' }; export default () => sleep(0.1)",
    )
    await until(async () => (await status(address)).status === 7)
    const refused = await patch(address, { paused: true })
    expect(refused).toEqual({
      status: 500,
      text: `{"errors":[{"status":"500","title":"Pause error","detail":"constant-vus executor 'default' doesn't support pause and resume operations after its start"}]}`,
    })
    expect((await perfwright(['pause', '-a', address], { cwd: '.' })).stderr).toContain(
      'Pause error: constant-vus executor',
    )
  })

  it('shows and takes setup data', async () => {
    const { address } = await start(external)
    await until(async () => (await status(address)).status === 7)
    expect((await call(address, 'GET', '/v1/setup')).text).toBe(
      '{"data":{"type":"setupData","id":"default","attributes":{"data":{"a":"\\u003c1\\u003e"}}}}',
    )
    expect((await call(address, 'PUT', '/v1/setup', '{"b":[1]}')).text).toContain('{"data":{"b":[1]}}')
    expect((await call(address, 'PUT', '/v1/setup', '{')).status).toBe(400)
    expect((await call(address, 'POST', '/v1/setup')).text).toContain('"a":')
    expect((await call(address, 'POST', '/v1/teardown')).status).toBe(200)
  })

  it('answers nobody whom it was not opened for', async () => {
    const { address } = await start(external)
    const port = address.split(':')[1] ?? ''
    const from = async (headers: Record<string, string>): Promise<number> =>
      (await call(address, 'PATCH', '/v1/status', '{"data":{"attributes":{"stopped":true}}}', headers)).status
    expect(await from({ Origin: 'http://evil.example' })).toBe(403)
    expect(await from({ Origin: 'null' })).toBe(403)
    expect(await from({ Host: 'evil.example' })).toBe(403)
    expect(await from({ Host: `rebound.example:${port}` })).toBe(403)
    expect((await call(address, 'GET', '/v1/status', '', { Host: `localhost:${port}` })).status).toBe(200)
    expect(
      (await call(address, 'PUT', '/v1/setup', `"${'x'.repeat(17 * 1024 * 1024)}"`).catch(() => ({ status: 413 })))
        .status,
    ).toBe(413)
    expect((await status(address)).status).toBeLessThan(9)
  })

  it('does not start where it cannot listen: exit 106', async () => {
    const { address } = await start(external)
    const cwd = folder({ 'script.js': external })
    const second = await perfwright(['run', '--quiet', '--address', address, 'script.js'], { cwd })
    expect(second.code).toBe(106)
    expect(second.stderr).toContain('PW_CONTROL_LISTEN')
    expect((await perfwright(['run', '--quiet', '--address', 'nonsense', 'script.js'], { cwd })).code).toBe(106)
  })

  it('is off without an address, and the commands say that nobody answers', async () => {
    const address = `127.0.0.1:${await freePort()}`
    const { code, stderr } = await perfwright(['status', '-a', address], { cwd: '.' })
    expect(code).toBe(255)
    expect(stderr).toContain('ECONNREFUSED')
  })
})
