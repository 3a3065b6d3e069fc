/** A real redis-server on a free port, for tests; plain, with TLS, as a cluster of one, or with a sentinel before it. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const hasRedis: boolean = spawnSync('redis-server', ['--version']).error === undefined

export interface RedisServer {
  readonly port: number
  /** Certificate of the server, when it has TLS. */
  readonly ca: string
  cli(...words: string[]): string
  stop(): Promise<void>
}

export async function startRedis(kind: 'plain' | 'tls' | 'cluster' | 'password' = 'plain'): Promise<RedisServer> {
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'pw-redis-'))
  const more: Record<typeof kind, () => string[]> = {
    plain: () => ['--port', String(port)],
    password: () => ['--port', String(port), '--requirepass', 'pass word'],
    cluster: () => ['--port', String(port), '--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    tls: () => ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no', ...certificate(dir)],
  }
  const ca = kind === 'tls' ? join(dir, 'cert.pem') : ''
  const child = spawn('redis-server', ['--bind', '127.0.0.1', '--save', '', '--dir', dir, ...more[kind]()])
  await ready(child)
  const cli = (...words: string[]): string =>
    execFileSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8' }).trim()
  if (kind === 'cluster') {
    cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    while (!cli('CLUSTER', 'INFO').includes('cluster_state:ok')) execFileSync('sleep', ['0.05'])
  }
  return { port, ca, cli, stop: () => stop(child, dir) }
}

/** A sentinel that watches the server at `port` under the name `mymaster`. */
export async function startSentinel(port: number): Promise<RedisServer> {
  const own = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'pw-sentinel-'))
  const file = join(dir, 'sentinel.conf')
  writeFileSync(file, `port ${own}\nbind 127.0.0.1\nsentinel monitor mymaster 127.0.0.1 ${port} 1\n`)
  const child = spawn('redis-server', [file, '--sentinel'])
  await ready(child)
  return { port: own, ca: '', cli: () => '', stop: () => stop(child, dir) }
}

function certificate(dir: string): string[] {
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject],
    { stdio: 'ignore' },
  )
  return ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert]
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${text}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (/ready to accept connections|Sentinel ID is/i.test(text)) resolve()
    })
  })
}

function stop(child: ChildProcess, dir: string): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners('exit')
    child.once('exit', () => {
      rmSync(dir, { recursive: true, force: true })
      resolve()
    })
    child.kill('SIGKILL')
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
