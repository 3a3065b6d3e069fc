// Builds (Go keeps what it has built) and starts the grpc-go server of this folder.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

export const protoFolder = join(here, 'proto')

/** Why there is no server on this machine; undefined when there is one. */
export function missingGrpcServer() {
  if (process.env.PW_GRPC_SERVER !== undefined) return undefined
  return spawnSync('go', ['version'], { stdio: 'ignore' }).error === undefined
    ? undefined
    : 'needs Go to build test/targets/grpc-server, or PW_GRPC_SERVER, the path of the built program'
}

let built

/** Path of the program. @throws when Go cannot build it */
export function grpcServerProgram() {
  if (process.env.PW_GRPC_SERVER !== undefined) return process.env.PW_GRPC_SERVER
  if (built !== undefined) return built
  const folder = join(here, '..', '..', '..', 'node_modules', '.cache', 'perfwright')
  mkdirSync(folder, { recursive: true })
  const program = join(folder, 'grpc-server')
  const { status, stderr } = spawnSync('go', ['build', '-buildvcs=false', '-o', program, '.'], {
    cwd: here,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`go build in test/targets/grpc-server: ${stderr}`)
  built = program
  return program
}

/**
 * Starts a server.
 * @param args  see main.go
 * @param cores  given to taskset
 * @returns { addresses: { plain, tls, tlsCA, mtls, mtlsCA, clientCert, clientKey, ... }, stop }
 */
export async function startGrpcServer({ args = [], cores } = {}) {
  const command = [grpcServerProgram(), ...args]
  const [program, ...rest] = cores === undefined ? command : ['taskset', '-c', cores, ...command]
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  let text = ''
  await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`grpc-server ended with ${code}`)))
    child.stdout.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) resolve()
    })
  })
  return { addresses: JSON.parse(text), stop: () => child.stdin.end() }
}
