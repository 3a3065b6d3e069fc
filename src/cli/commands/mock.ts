/** `perfwright mock FILE`: stand-ins for services of others; `perfwright mock record`: from what the real one answers. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '#base/clock.js'
import { ExitCode } from '#base/errors.js'
import { selfSigned } from '#mock/certificate.js'
import type { MockFile } from '#mock/definition.js'
import { mockUsage } from '#mock/errors.js'
import { mockOf } from '#mock/from-file.js'
import { RecordProxy } from '#mock/record-proxy.js'
import { mockText, routesOf } from '#mock/recording.js'
import { Responder } from '#mock/responder.js'
import { type MockServerOptions, type RunningMock, serveMock } from '#mock/server.js'
import type { Command, CommandIo } from '../command.js'

export const mockCommand: Command = {
  name: 'mock',
  summary: 'serve stand-ins for services of others, described or recorded, with their latencies',
  async run(argv, io) {
    const flags = parse(argv)
    if (flags.help) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    return flags.upstream === undefined ? await stand(flags, io) : await record(flags, flags.upstream, io)
  },
}

const HELP = `Serves a stand-in for a service of somebody else, so that a load test costs nothing and bans nobody.

Usage: perfwright mock FILE [flags]
       perfwright mock record --upstream URL [-o FILE] [flags]

FILE describes the answers: routes with status, headers, body, latency, errors, rate limit (docs/mock.md); or is a HAR
recording, or an OpenAPI document, whose examples are served.

Flags:
      --port N            (default: a free one)
      --host ADDRESS      (default 127.0.0.1)
      --https             serve HTTPS too, with a certificate of its own
      --https-port N      its port (default: a free one)
      --cert-file FILE    where the certificate is written (default .perfwright/mock-cert.pem)
      --hosts LIST        names to stand in for, with commas; of a HAR, those whose exchanges are served
      --latency TIME      of routes that have none of their own
      --seed N            of latencies, errors and made-up values (default 1: every start answers alike)
      --json              a line of JSON on standard output for each request
      --upstream URL      record: the real service
  -o, --out FILE          record: what is written at Ctrl-C (default mock.yaml)
      --force             overwrite it
  -h, --help              this text

Example file:
  mock: 1
  hosts: [api.stripe.com]
  routes:
    - request: POST /v1/charges
      body: { id: 'ch_{{seq}}', amount: '{{body.amount}}', status: succeeded }
      latency: { median: 180ms, p99: 900ms }
      errors: { rate: 0.01, status: 402, body: { error: card_declined } }
      limit: { perS: 100 }

Exit codes: 0 at Ctrl-C; 2 usage; 104 mistakes in the file, by line; 106 when the port is taken.

Examples:
  perfwright mock stripe.yaml --port 12111
  perfwright mock record --upstream https://api.partner.example -o partner.yaml
  perfwright mock shop.har --hosts api.partner.example --https
`

interface MockFlags {
  readonly help: boolean
  readonly file: string
  readonly upstream: URL | undefined
  readonly port: number
  readonly host: string
  readonly securePort: number | undefined
  readonly certFile: string
  readonly hosts: readonly string[] | undefined
  readonly latency: string | undefined
  readonly seed: number | undefined
  readonly json: boolean
  readonly out: string
  readonly force: boolean
}

async function stand(flags: MockFlags, io: CommandIo): Promise<number> {
  const read = await mockOf(readInput(resolve(io.cwd, flags.file), flags.file), basename(flags.file), flags.hosts)
  const file: MockFile = {
    ...read,
    ...(flags.latency === undefined ? {} : { latency: flags.latency }),
    hosts: flags.hosts ?? read.hosts ?? [],
  }
  const responder = new Responder(file, systemClock, flags.seed ?? file.seed)
  const { options, say } = serving(flags, file.hosts ?? [], io)
  const running = await serveMock({ ...options, answer: (request) => responder.answer(request) })
  const { routes } = file
  say(`${routes.length} ${routes.length === 1 ? 'route' : 'routes'} of ${flags.file} at ${addresses(flags, running)}`)
  for (const line of hints(flags, running, file.hosts ?? [])) say(line)
  await untilStopped()
  await running.close()
  say('')
  for (const { route, count } of responder.counts.slice(0, 50)) say(`  ${String(count).padStart(8)}  ${route}`)
  return ExitCode.ok
}

async function record(flags: MockFlags, upstream: URL, io: CommandIo): Promise<number> {
  const proxy = new RecordProxy(upstream, systemClock)
  const out = resolve(io.cwd, flags.out)
  const { options, say } = serving(flags, [upstream.hostname], io)
  const running = await serveMock({ ...options, answer: (request) => proxy.answer(request) })
  say(`Recording ${upstream.origin} at ${addresses(flags, running)}`)
  for (const line of hints(flags, running, [upstream.hostname])) say(line)
  say(`Ctrl-C ends it and writes ${flags.out}.`)
  await untilStopped()
  await running.close()
  const routes = routesOf(proxy.exchanges)
  if (routes.length === 0) {
    say('Nothing was asked: nothing is written.')
    return ExitCode.ok
  }
  save(out, mockText({ mock: 1, hosts: [upstream.hostname], routes }, upstream.host), flags.force)
  say(`${proxy.exchanges.length} exchanges, ${routes.length} routes: ${flags.out}`)
  return ExitCode.ok
}

function serving(
  flags: MockFlags,
  hosts: readonly string[],
  io: CommandIo,
): { readonly options: Omit<MockServerOptions, 'answer'>; readonly say: (line: string) => void } {
  let secure: MockServerOptions['secure']
  if (flags.securePort !== undefined) {
    const names = [...new Set([...hosts, 'localhost', '127.0.0.1', '::1'])]
    const made = selfSigned(names, systemClock.unixMs())
    save(resolve(io.cwd, flags.certFile), made.cert, true)
    secure = { port: flags.securePort, ...made }
  }
  const served: MockServerOptions['served'] = flags.json
    ? ({ method, target }, { route, status }, ms) => {
        const at = new Date(systemClock.unixMs()).toISOString()
        io.stdout.write(
          `${JSON.stringify({ at, method, target: target.slice(0, 500), route, status, ms: Number(ms.toFixed(2)) })}\n`,
        )
      }
    : undefined
  return {
    options: { host: flags.host, port: flags.port, secure, clock: systemClock, served },
    // With --json standard output is the log's alone.
    say: (line) => void (flags.json ? io.stderr : io.stdout).write(`${line}\n`),
  }
}

function addresses({ host }: MockFlags, { port, securePort }: RunningMock): string {
  const name = host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}${securePort === undefined ? '' : ` and https://${name}:${securePort}`}`
}

/** How script and target get here. */
function hints(flags: MockFlags, { port, securePort }: RunningMock, hosts: readonly string[]): string[] {
  const [host = 'api.partner.example'] = hosts
  const name = host.replace(/^\*\./, 'api.')
  const near = flags.host === '0.0.0.0' || flags.host === '::' ? '127.0.0.1' : flags.host
  const lines = [
    '',
    `  script   export const options = { hosts: { '${name}': '${near}:${securePort ?? port}' } }`,
    `  plan     options: { hosts: { ${name}: '${near}:${securePort ?? port}' } }`,
    `  target   its base URL of ${name} = http://${near}:${port}, or "${near} ${name}" in its /etc/hosts with --https-port 443`,
  ]
  if (securePort !== undefined)
    lines.push(
      `  trust    NODE_EXTRA_CA_CERTS=${flags.certFile} (Node), SSL_CERT_FILE (Go, OpenSSL), REQUESTS_CA_BUNDLE (Python),`,
      '           insecureSkipTLSVerify: true (k6 options)',
    )
  return [...lines, '', '  Ctrl-C ends it.']
}

async function untilStopped(): Promise<void> {
  await new Promise<void>((done) => {
    process.once('SIGINT', () => done())
    process.once('SIGTERM', () => done())
  })
}

function parse(argv: readonly string[]): MockFlags {
  let parsed: ReturnType<typeof parseFlags>
  try {
    parsed = parseFlags(argv)
  } catch (error) {
    throw mockUsage((error as Error).message)
  }
  const { values, positionals } = parsed
  const help = values.help === true
  const isRecord = positionals[0] === 'record'
  const { upstream } = values
  if (!help && !isRecord && positionals.length !== 1) throw mockUsage(`mock takes one file, not ${positionals.length}`)
  if (!help && isRecord && (upstream === undefined || !/^https?:\/\/[^/]/.test(upstream) || !URL.canParse(upstream)))
    throw mockUsage('record takes the real service: --upstream https://api.partner.example')
  if (!isRecord && upstream !== undefined)
    throw mockUsage('--upstream is for recording: perfwright mock record --upstream URL')
  const { latency } = values
  if (latency !== undefined && !/^(0|(\d+(\.\d+)?(µs|us|ms|s|m|h))+)$/.test(latency))
    throw mockUsage(`--latency takes a time such as 20ms, not "${latency}"`)
  return {
    help,
    file: positionals[0] ?? '',
    upstream: isRecord && upstream !== undefined ? new URL(upstream) : undefined,
    port: whole('--port', values.port, 0, 65_535) ?? 0,
    host: values.host ?? '127.0.0.1',
    securePort:
      values.https === true || values['https-port'] !== undefined
        ? (whole('--https-port', values['https-port'], 0, 65_535) ?? 0)
        : undefined,
    certFile: values['cert-file'] ?? '.perfwright/mock-cert.pem',
    hosts: values.hosts?.flatMap((list) => list.split(',')).filter((host) => host.trim() !== ''),
    latency,
    seed: whole('--seed', values.seed, 0, 2 ** 32 - 1),
    json: values.json === true,
    out: values.out ?? 'mock.yaml',
    force: values.force === true,
  }
}

// The result's type is long and says nothing that the options do not.
function parseFlags(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      https: { type: 'boolean' },
      'https-port': { type: 'string' },
      'cert-file': { type: 'string' },
      hosts: { type: 'string', multiple: true },
      latency: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'boolean' },
      upstream: { type: 'string' },
      out: { type: 'string', short: 'o' },
      force: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}

function whole(flag: string, text: string | undefined, low: number, high: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw mockUsage(`${flag} takes a whole number from ${low} to ${high}, not "${text}"`)
}

function readInput(path: string, name: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw mockUsage(`The file cannot be read: ${(error as Error).message}`, `check the path ${name}`, error)
  }
}

function save(path: string, text: string, force: boolean): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' })
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw mockUsage(
      exists ? `${path} is there already` : `${path} cannot be written: ${(error as Error).message}`,
      exists ? '--force overwrites it, -o names another' : 'name another file',
      error,
    )
  }
}
