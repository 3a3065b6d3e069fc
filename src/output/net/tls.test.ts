import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runOutput, sample, testContext } from '../testing/run.js'

// A certificate of our own needs openssl; without it the rest of the suite still stands.
const root = mkdtempSync(join(tmpdir(), 'pw-output-tls-'))
const made = spawnSync(
  'openssl',
  [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
    '-days',
    '30',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
  ],
  { cwd: root },
)
const servers: Server[] = []
afterAll(() => {
  for (const server of servers) server.close()
  rmSync(root, { recursive: true, force: true })
})

const samples = [sample('reqs', 'counter', 1)]
const pem = (name: string): Buffer => readFileSync(join(root, name))

async function port(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Counts requests that came through; asks for a client certificate when told to. */
function https(seen: string[], requestCert = false): Promise<number> {
  return port(
    createServer(
      { key: pem('key.pem'), cert: pem('cert.pem'), ca: pem('cert.pem'), requestCert },
      (request, answer) => {
        request.resume()
        seen.push(request.url ?? '')
        answer.writeHead(204).end()
      },
    ),
  )
}

describe.runIf(made.status === 0)('outputs over TLS', () => {
  it('do not give anything to a server whose certificate nobody vouches for', async () => {
    const seen: string[] = []
    const at = await https(seen)
    const [loss] = await runOutput(`prometheus-rw=https://127.0.0.1:${at}/w`, testContext(), samples, 0.1e9)
    expect(loss).toMatchObject({ samples: 1, why: expect.stringMatching(/certificate/i) })
    expect(seen).toEqual([])
  })

  it('go on without that when told to', async () => {
    const seen: string[] = []
    const at = await https(seen)
    const env = {
      K6_PROMETHEUS_RW_INSECURE_SKIP_TLS_VERIFY: 'true',
      K6_INFLUXDB_INSECURE: 'true',
      K6_OTEL_TLS_INSECURE_SKIP_VERIFY: 'true',
    }
    for (const spec of [
      'prometheus-rw=https://127.0.0.1:P/w',
      'influxdb=https://127.0.0.1:P/db',
      'opentelemetry=https://127.0.0.1:P',
    ])
      expect(await runOutput(spec.replace('P', String(at)), testContext({ env }), samples)).toEqual([])
    expect(seen.filter((path) => !path.startsWith('/query'))).toEqual([
      '/w',
      '/write?db=db&precision=ns',
      '/v1/metrics',
    ])
  })

  it('show a client certificate, and trust a given authority', async () => {
    const seen: string[] = []
    const at = await https(seen, true)
    writeFileSync(join(root, 'ca.pem'), pem('cert.pem'))
    const env = {
      K6_OTEL_TLS_CERTIFICATE: 'ca.pem',
      K6_OTEL_TLS_CLIENT_CERTIFICATE: 'cert.pem',
      K6_OTEL_TLS_CLIENT_KEY: 'key.pem',
    }
    const context = testContext({ env, cwd: root })
    expect(await runOutput(`opentelemetry=https://127.0.0.1:${at}`, context, samples)).toEqual([])
    expect(seen).toEqual(['/v1/metrics'])
  })

  it('by gRPC too', async () => {
    let seen = 0
    const server = createSecureServer({ key: pem('key.pem'), cert: pem('cert.pem') })
    server.on('stream', (stream) => {
      stream.resume()
      stream.on('end', () => {
        seen++
        stream.respond({ ':status': 200, 'grpc-status': '0' }, { endStream: true })
      })
    })
    const at = await port(server)
    const trusted = testContext({ env: { K6_OTEL_TLS_CERTIFICATE: 'cert.pem' }, cwd: root })
    expect(await runOutput(`opentelemetry=grpcs://127.0.0.1:${at}`, trusted, samples)).toEqual([])
    const [loss] = await runOutput(`opentelemetry=grpcs://127.0.0.1:${at}`, testContext(), samples, 0.1e9)
    expect(loss?.why).toMatch(/certificate/i)
    expect(seen).toBe(1)
  })
})

it('passwords in URLs are not shown', async () => {
  const context = testContext()
  const [loss] = await runOutput('prometheus-rw=http://me:geheim@127.0.0.1:1/w', context, samples, 0.1e9)
  expect(JSON.stringify([loss, context.warnings])).not.toContain('geheim')
})
