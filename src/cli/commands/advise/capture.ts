/** The observing pass: wire proxies before the databases, the target behind them, its requests sent one at a time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Capture, OutgoingCall, Traffic } from '#advise/probe/capture.js'
import { endpointOf } from '#advise/probe/endpoint.js'
import { probe } from '#advise/probe/probe.js'
import { type Ask, Asker } from '#advise/probe/request.js'
import { systemClock } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { HttpProxy } from '#wire/http.js'
import { WireProxy } from '#wire/proxy.js'
import { type Rewrite, rewrittenEnv, rewrittenText, throughProxy } from '#wire/rewrite.js'
import type { Exchange } from '#wire/types.js'
import { upstreamOf } from '#wire/upstream.js'
import type { CommandIo } from '../../command.js'
import { TargetCommand } from '../../run-companions/target-command.js'
import { parseRunFlags } from '../../run-flags.js'
import { runScript } from '../run.js'
import { type AdviseFlags, usage } from './flags.js'
import { loginHeaders } from './login.js'

/** Kept of a load; at 600 bytes each, 120 MB at most. */
const MAX_EXCHANGES = 200_000

/** @throws PW_WIRE_UNUSED when the target never came through a proxy: its address is not rewritten */
export async function captureTarget(
  flags: AdviseFlags,
  signal: AbortSignal,
  io: CommandIo,
): Promise<Capture | undefined> {
  if (flags.requests.length === 0) {
    if (flags.targetCommand !== undefined) throw usage('--target-cmd needs a --url to probe')
    return undefined
  }
  const asks = flags.requests.map((text) => askOf(text, flags))
  const hasProxies = flags.targetCommand !== undefined || flags.listen.length > 0
  const session = new Session(flags, io)
  try {
    if (hasProxies) await session.startProxies()
    await session.startTarget(asks.map(({ url }) => url))
    return await session.capture(asks, signal)
  } finally {
    await session.close()
  }
}

class Session {
  readonly #flags: AdviseFlags
  readonly #io: CommandIo
  readonly #proxies: WireProxy[] = []
  readonly #services: HttpProxy[] = []
  readonly #rewrites: Rewrite[] = []
  readonly #exchanges: Exchange[] = []
  readonly #calls: OutgoingCall[] = []
  #dropped = 0
  #target: TargetCommand | undefined
  #logDir: string | undefined

  constructor(flags: AdviseFlags, io: CommandIo) {
    this.#flags = flags
    this.#io = io
  }

  async startProxies(): Promise<void> {
    for (const [i, { kind, uri }] of this.#flags.databases.entries()) {
      const upstream = upstreamOf(kind, uri)
      const port = Number(this.#flags.listen[i] ?? 0)
      const proxy = await WireProxy.start({
        upstream,
        port,
        clock: systemClock,
        onExchange: (exchange) => {
          if (this.#exchanges.length < MAX_EXCHANGES) this.#exchanges.push(exchange)
          else this.#dropped++
        },
      })
      this.#proxies.push(proxy)
      this.#rewrites.push({ protocol: kind, uri, host: upstream.host, port: upstream.port, proxyPort: proxy.port })
      const shown = throughProxy(uri, proxy.port).replace(/:\/\/[^@/]*@/, '://')
      this.#say(`proxy for ${kind} at ${upstream.host}:${upstream.port}: ${shown}`)
    }
    for (const text of this.#flags.calls) {
      const upstream = new URL(text)
      const proxy = await HttpProxy.start(upstream, (call) => {
        const { pathname } = new URL(call.path, upstream)
        const path = endpointOf('', `http://x${pathname}`).trim()
        if (this.#calls.length < MAX_EXCHANGES) this.#calls.push({ ...call, path, rawPath: call.path })
      })
      this.#services.push(proxy)
      const port = Number(upstream.port) || (upstream.protocol === 'https:' ? 443 : 80)
      this.#rewrites.push({
        protocol: 'http',
        uri: text,
        host: upstream.hostname,
        port,
        proxyPort: Number(new URL(proxy.origin).port),
      })
    }
  }

  async startTarget(urls: readonly string[]): Promise<void> {
    const { targetCommand } = this.#flags
    if (targetCommand === undefined) return
    this.#logDir = mkdtempSync(join(tmpdir(), 'perfwright-advise-'))
    const { env, changed } = rewrittenEnv(this.#io.env, this.#rewrites)
    const command = this.#rewrites.reduce((text, rewrite) => rewrittenText(text, rewrite), targetCommand)
    if (changed.length > 0) this.#say(`the target gets our addresses in ${changed.join(', ')}`)
    this.#target = new TargetCommand(systemClock, command, this.#logDir)
    const ports = urls.map((url) => Number(new URL(url).port) || 80)
    await this.#target.start([...new Set(ports)], this.#io.cwd, env as NodeJS.ProcessEnv)
  }

  async capture(given: readonly Ask[], signal: AbortSignal): Promise<Capture> {
    const asks = await this.#loggedIn(given, signal)
    const { requests, delays, beside, background } = await probe(asks, this.#flags.rounds, {
      clock: systemClock,
      signal,
      progress: (text) => this.#say(text),
      exchanges: this.#exchanges,
      calls: this.#calls,
      hold:
        this.#proxies.length === 0
          ? undefined
          : (delayMs) => {
              for (const proxy of this.#proxies) proxy.delayMs = delayMs
            },
    })
    this.#refuseUnused()
    const traffic = this.#flags.load === undefined ? undefined : await this.#underLoad(this.#flags.load)
    const unread = [
      ...this.#proxies.flatMap(({ counts, upstream }) => [
        ...counts.reasons.map((why) => `${upstream.protocol} at ${upstream.host}:${upstream.port}: ${why}`),
        ...(counts.connections === 0
          ? [`${upstream.protocol} at ${upstream.host}:${upstream.port}: no connection came through the proxy`]
          : []),
      ]),
      ...(background.size === 0
        ? []
        : [`asked by the target without a request, so laid to none: ${[...background].slice(0, 5).join('; ')}`]),
    ]
    return { requests, delays, beside, traffic, unread }
  }

  async #loggedIn(asks: readonly Ask[], signal: AbortSignal): Promise<readonly Ask[]> {
    if (this.#flags.login === undefined) return asks
    const asker = new Asker()
    try {
      const headers = await loginHeaders(this.#flags.login, asker, signal)
      return asks.map((ask) => ({ ...ask, headers: { ...headers, ...ask.headers } }))
    } finally {
      asker.close()
    }
  }

  /** Nothing seen must not look like nothing wrong. */
  #refuseUnused(): void {
    if (this.#proxies.length === 0 || this.#proxies.some(({ counts }) => counts.exchanges > 0)) return
    const unread = this.#proxies.flatMap(({ counts }) => counts.reasons)
    const hasConnections = this.#proxies.some(({ counts }) => counts.connections > 0)
    if (hasConnections && unread.length === 0) return
    throw new PerfwrightError({
      code: hasConnections ? 'PW_WIRE_TLS' : 'PW_WIRE_UNUSED',
      message: hasConnections
        ? `The target came through the proxy, and its talk cannot be read: ${unread.join('; ')}.`
        : "The target opened no connection through the proxy: its database address is not the proxy's, or these requests ask no database.",
      where: '--target-cmd',
      fix: hasConnections
        ? 'Set sslmode=disable (PostgreSQL), redis:// instead of rediss://, tls=false (MongoDB) in the target for the time of the probe.'
        : `Name the variable that holds the address in the command: DB_URL=${throughProxy(
            this.#flags.databases[0]?.uri ?? '',
            0,
          )
            .replace(/:\/\/[^@/]*@/, '://')
            .replace(
              ':0',
              ':PORT',
            )} with --listen PORT, or write the address of --db into it: addresses of --db are rewritten in variables and in the command.`,
      exitCode: ExitCode.targetUnusable,
    })
  }

  async #underLoad(script: string): Promise<Traffic> {
    this.#say(`the load ${script} through the proxies`)
    const from = this.#exchanges.length
    const droppedBefore = this.#dropped
    const startNs = systemClock.nowNs()
    const quiet = { ...this.#io, stdout: this.#io.stderr }
    await runScript(parseRunFlags(['--quiet', '--no-summary', ...this.#flags.loadArgs, script], this.#io.env), quiet)
    return {
      seconds: (systemClock.nowNs() - startNs) / 1e9,
      exchanges: this.#exchanges.slice(from),
      dropped: this.#dropped - droppedBefore,
    }
  }

  /** The target first: many die of a lost connection, loudly. */
  async close(): Promise<void> {
    await this.#target?.stop()
    for (const proxy of this.#proxies) await proxy.close()
    for (const service of this.#services) await service.close()
    if (this.#logDir !== undefined) rmSync(this.#logDir, { recursive: true, force: true })
  }

  #say(text: string): void {
    if (!this.#flags.json) this.#io.stderr.write(`${text}\n`)
  }
}

/** `GET http://...` or a URL alone. */
function askOf(text: string, flags: AdviseFlags): Ask {
  const [, method = 'GET', url = ''] = /^(?:([A-Z]+)\s+)?(\S+)$/.exec(text.trim()) ?? []
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw usage(`--url takes http://... or "POST http://...", not "${text}"`)
  const headers = Object.fromEntries(
    flags.headers.map((line) => {
      const at = line.indexOf(':')
      if (at < 1) throw usage(`--header takes "Name: value", not "${line}"`)
      return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()]
    }),
  )
  return { method, url, headers, body: method === 'GET' || method === 'HEAD' ? undefined : flags.body }
}
