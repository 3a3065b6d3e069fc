/** A plan from flags to a record, in the built product; and a stand-in that a script goes to. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bin, folder, perfwright } from './cli.js'

let server: Server
let base = ''
let paths: string[] = []
beforeAll(async () => {
  server = createServer((request, response) => {
    paths.push(`${request.method} ${request.url}`)
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json')
      if (request.url === '/orders') response.statusCode = 201
      response.end(request.url === '/login' ? '{"token":"t"}' : '{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

const env = { NO_COLOR: '1' }
const plan = (cwd: string, ...more: string[]) =>
  perfwright(['plan', '--question', 'expected', '--peak-rps', '40', '--think-time', '20ms', '--url', base, ...more], {
    cwd,
    env,
  })

describe('perfwright plan', () => {
  it('writes a plan, a script and its data, which run as they are; the record holds type and scaling factor', async () => {
    const cwd = folder({})
    const times = ['--hold', '1s', '--ramp', '500ms', '--cores', '2', '--production-cores', '8']
    const made = await plan(cwd, ...times)
    expect(made.stderr).toBe('')
    expect(made.stdout).toContain('L = lambda W')
    expect(['plan.yaml', 'journey.ts', 'users.csv'].every((file) => existsSync(join(cwd, file)))).toBe(true)
    paths = []
    const args = ['run', 'plan.yaml', '--record', 'rec', '--quiet', '--no-report', '--no-thresholds']
    const { code, stderr } = await perfwright(args, { cwd, env })
    expect(code, stderr).toBe(0)
    const run = JSON.parse(readFileSync(join(cwd, 'rec', 'run.json'), 'utf8'))
    expect([run.testType, run.environment.scalingFactor]).toEqual(['load', 0.25])
    expect(run.options.scenarios.journey.executor).toBe('ramping-arrival-rate')
    expect(new Set(paths.map((path) => path.replace(/\d+/, ':id')))).toEqual(
      new Set(['POST /login', 'GET /products', 'GET /products/:id', 'POST /cart', 'POST /orders']),
    )
    const { checkpoints } = JSON.parse(readFileSync(join(cwd, 'rec', 'analysis.json'), 'utf8'))
    expect(checkpoints.map(({ id }: { id: string }) => id)).toEqual(['test-data', 'injector', 'third-parties'])
  })

  it('gives way to flags: -u 1 -i 1 runs the journey once', async () => {
    const cwd = folder({})
    await plan(cwd)
    paths = []
    const args = ['run', 'plan.yaml', '-u', '1', '-i', '1', '--quiet', '--no-report', '--no-thresholds']
    const { code, stderr } = await perfwright(args, { cwd, env })
    expect(code, stderr).toBe(0)
    expect(paths).toHaveLength(5)
  })

  it('says every mistake with its line, overwrites nothing, and wants to know the traffic', async () => {
    const cwd = folder({})
    await plan(cwd)
    const again = await plan(cwd)
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('PW_PLAN_WRITE')])
    const text = readFileSync(join(cwd, 'plan.yaml'), 'utf8')
    writeFileSync(join(cwd, 'bad.yaml'), text.replace('type: load', 'type: laod'))
    const bad = await perfwright(['run', 'bad.yaml'], { cwd, env })
    expect([bad.code, bad.stderr]).toEqual([104, expect.stringMatching(/bad\.yaml:\d+:7: .*did you mean "load"/)])
    const blind = await perfwright(['plan', '--question', 'expected', '-o', 'x.yaml'], { cwd, env })
    expect([blind.code, blind.stderr]).toEqual([2, expect.stringContaining('--users-per-day')])
  })
})

describe('a paid service', () => {
  const script = (hosts: string): string => `
    import http from 'k6/http'
    export const options = { hosts: ${hosts}, iterations: 1 }
    export default function () { console.log('answer ' + JSON.stringify(http.get('http://api.stripe.com/v1/x').body)) }`

  it('is refused, named in the record, and reached through a stand-in', async () => {
    const cwd = folder({
      'real.js': script('{}'),
      'stripe.yaml': 'mock: 1\nhosts: [api.stripe.com]\nroutes: [{ request: GET /v1/x, body: from the stand-in }]\n',
    })
    const flags = ['--record', 'rec', '--quiet', '--no-report']
    const refused = await perfwright(['run', 'real.js', ...flags], { cwd, env })
    expect(refused.stderr).toContain('the script names api.stripe.com, which is Stripe')
    expect(refused.stderr).toMatch(/Request Failed.*refused: api\.stripe\.com: this is Stripe/)
    expect(readFileSync(join(cwd, 'rec', 'analysis.json'), 'utf8')).toMatch(/"third-parties",\s*"verdict": ?"failed"/)

    const mock = spawn(process.execPath, [bin, 'mock', 'stripe.yaml'], {
      cwd,
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    let said = ''
    const ended = new Promise((resolve) => mock.once('close', resolve))
    await new Promise<void>((resolve) =>
      mock.stdout.on('data', (chunk: Buffer) => {
        said += String(chunk)
        if (said.includes('Ctrl-C')) resolve()
      }),
    )
    const hosts = /script .*hosts: (\{[^}]*\})/.exec(said)?.[1] ?? '{}'
    writeFileSync(join(cwd, 'mocked.js'), script(hosts))
    const answered = await perfwright(['run', 'mocked.js', '--quiet', '--no-report'], { cwd, env })
    expect(answered.stderr).toContain('from the stand-in')
    mock.kill('SIGINT')
    expect(await ended).toBe(0)
    expect(said).toMatch(/1 {2}GET \/v1\/x/)
  })
})
