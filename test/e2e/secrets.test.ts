/** A secret that a script uses everywhere is nowhere to be read afterwards: output, raw samples, record. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { folder, perfwright } from './cli.js'

const SECRET = 'hunter2-secret'

it('shows no secret in the log, the summary, the outputs or the record', async () => {
  let asked = ''
  const server = createServer((request, response) => {
    asked += request.url ?? ''
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const cwd = folder({
    'secrets.txt': `token=${SECRET}\n`,
    'script.js': `
import secrets from 'k6/secrets'
import http from 'k6/http'
import exec from 'k6/execution'
import { check, group } from 'k6'
export async function setup() { return { token: await secrets.get('token') } }
export default async function (data) {
  const token = await secrets.get('token')
  http.get('${base}/?token=' + token)
  check(1, { ['check ' + token]: () => true })
  group('group ' + data.token, () => http.get('${base}/'))
  console.log('token', token, { of: data.token }, 'q=' + encodeURIComponent(token))
  if (__ITER === 1) throw new Error('thrown ' + token)
  if (__ITER === 2) exec.test.abort('aborted ' + token)
}`,
  })
  const args = ['run', '-u', '1', '-i', '3', '--summary-mode', 'full', '--no-color', '--secret-source=file=secrets.txt']
  const more = ['--record', 'record', '-o', 'json=samples.json', '-o', 'csv=samples.csv', 'script.js']
  const { code, stdout, stderr } = await perfwright([...args, ...more], { cwd })
  server.close()
  expect(code).toBe(108)
  expect(asked).toContain(SECRET)
  for (const word of ['token', 'thrown', 'aborted']) expect(stderr).toContain(`${word} ***SECRET_REDACTED***`)
  expect(stdout).toContain('check ***SECRET_REDACTED***')
  const written = files(cwd).filter((file) => !file.endsWith('secrets.txt'))
  expect(written.length).toBeGreaterThan(4)
  for (const file of written) expect(readFileSync(file, 'latin1'), file).not.toContain(SECRET)
  expect(stdout + stderr).not.toContain(SECRET)
})

function files(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? files(path) : [path]
  })
}
