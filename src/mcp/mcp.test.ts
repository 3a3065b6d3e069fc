import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#base/package-root.js'
import { defaultLimits, Guard, Refused } from './guard.js'

describe('the guard', () => {
  const guard = new Guard({ ...defaultLimits, maxVus: 10, maxDurationS: 60, totalS: 100 }, '/project')

  it('lets nothing out of the project', () => {
    expect(guard.path('tests/a.js')).toBe('/project/tests/a.js')
    for (const path of ['../a.js', '/etc/passwd', 'tests/../../a.js', '..'])
      expect(() => guard.path(path), path).toThrow(Refused)
  })

  it('bounds one run, runs at once, and all runs together', () => {
    expect(() => guard.begin(11, 10)).toThrow(/11 VUs; at most 10/)
    expect(() => guard.begin(1, 61)).toThrow(/61 s; at most 60 s/)
    const spend = guard.begin(10, 60)
    expect(() => guard.begin(1, 1)).toThrow(/one at a time/)
    spend(58)
    spend(58)
    expect(guard.leftS).toBe(42)
    expect(() => guard.begin(1, 50)).toThrow(/42 s are left/)
    guard.begin(1, 42)(42)
    expect(() => guard.begin(1, 1)).toThrow(/0 s are left/)
  })
})

describe('the server, asked by the official client', () => {
  const root = mkdtempSync(join(tmpdir(), 'pw-mcp-'))
  const client = new Client({ name: 'test', version: '1' })
  let target: Server
  let url = ''
  let seen = 0
  beforeAll(async () => {
    target = createServer((_, response) => {
      seen++
      response.end('ok')
    })
    await new Promise<void>((done) => target.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${(target.address() as AddressInfo).port}`
    writeFileSync(
      join(root, 'ok.js'),
      "import http from 'k6/http'\nexport const options = { iterations: 3 }\nexport default () => { http.get(__ENV.URL) }\n",
    )
    writeFileSync(
      join(root, 'long.js'),
      "export const options = { vus: 500, duration: '1s' }\nexport default () => {}\n",
    )
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [join(packageRoot(), 'bin', 'perfwright.js'), 'mcp'],
      cwd: root,
      env: { PATH: process.env['PATH'] ?? '', HOME: root, PERFWRIGHT_NO_OBSERVE: 'true' },
      stderr: 'inherit',
    })
    await client.connect(transport)
  }, 30_000)
  afterAll(async () => {
    await client.close()
    target.close()
    rmSync(root, { recursive: true, force: true })
  })
  const use = async (name: string, args: Record<string, unknown> = {}): Promise<{ text: string; failed: boolean }> => {
    const answer = (await client.callTool({ name, arguments: args })) as {
      content: { text: string }[]
      isError?: boolean
    }
    return { text: answer.content[0]?.text ?? '', failed: answer.isError === true }
  }

  it('has the verbs', async () => {
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual([
      'plan',
      'run',
      'diagnose',
      'report',
      'profile',
      'advise',
      'compare',
      'budget',
    ])
  })

  it('runs a script, and its record can be diagnosed, reported and listed', async () => {
    const { text } = await use('run', { script: 'ok.js', env: { URL: url } })
    expect(text).toMatch(/^exit code 0\n/)
    expect(seen).toBe(3)
    expect((await use('diagnose')).text).toMatch(/"findings"/)
    expect((await use('report')).text).toMatch(/http_req_duration/)
    const { contents } = await client.readResource({ uri: 'perfwright://records' })
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject([{ state: 'ended' }])
    expect(JSON.parse((await use('budget')).text)).toMatchObject({ maxVus: 50 })
  }, 60_000)

  it('refuses what is out of its bounds: load, hosts, files, profiles', async () => {
    expect(await use('run', { script: 'long.js' })).toMatchObject({
      failed: true,
      text: expect.stringMatching(/500 VUs/),
    })
    const outside = await use('run', { script: 'ok.js', env: { URL: 'http://192.0.2.1/' } })
    expect(outside.text).toMatch(/192\.0\.2\.1 is none of the hosts/)
    expect(await use('report', { record: '../../etc' })).toMatchObject({
      failed: true,
      text: expect.stringMatching(/outside/),
    })
    expect(await use('profile', { pid: 1 })).toMatchObject({ failed: true, text: expect.stringMatching(/not allowed/) })
    expect(await use('advise', { database: 'postgres://db.example.com/x' })).toMatchObject({ failed: true })
  }, 60_000)
})
