/**
 * From `host:port` of a URL to the address that is dialled: blocked names, `hosts`, DNS with k6's cache and choice,
 * blacklisted addresses, in k6's order.
 */
import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import { nowMs } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { Options } from '#config/types.js'
import { dnsFault, type Fault, fault } from './faults.js'
import { blockContains, type IpBlock, parseCidr } from './ip.js'
import { HostPatterns } from './patterns.js'

export type ResolveOptions = Pick<Options, 'hosts' | 'blockHostnames' | 'blacklistIPs' | 'dns'> &
  Partial<Pick<Options, 'refusedHosts' | 'onlyHosts'>>

/** Gets a fault, or an address. May be called before `resolve` returns. */
export type Resolved = (fault: Fault | undefined, ip: string, port: number) => void

export class Resolver {
  readonly #hosts: HostPatterns<{ ip: string; port: number | undefined }>
  readonly #blocked: HostPatterns<true>
  readonly #refused: HostPatterns<string>
  readonly #only: HostPatterns<true>
  readonly #blacklist: readonly IpBlock[]
  readonly #dns: Options['dns']
  readonly #cache = new Map<string, { readonly ips: readonly string[]; readonly atMs: number }>()
  readonly #waiting = new Map<string, ((error: unknown, ips: readonly string[]) => void)[]>()
  readonly #turns = new Map<string, number>()

  constructor(options: ResolveOptions) {
    this.#hosts = new HostPatterns(Object.entries(options.hosts).map(([name, to]) => [name, parseHostValue(to)]))
    this.#blocked = new HostPatterns(options.blockHostnames.map((pattern) => [pattern, true]))
    this.#refused = new HostPatterns((options.refusedHosts ?? []).map(({ pattern, why }) => [pattern, why]))
    this.#only = new HostPatterns((options.onlyHosts ?? []).map((pattern) => [pattern, true]))
    this.#blacklist = options.blacklistIPs.map(parseBlock)
    this.#dns = options.dns
  }

  resolve(host: string, port: number, done: Resolved): void {
    const literal = isIP(host) !== 0
    if (!literal && !this.#blocked.empty) {
      const hit = this.#blocked.match(host)
      if (hit !== undefined) {
        return done(
          fault(1111, 'hostname is blocked', `hostname (${host}) is in a blocked pattern (${hit.pattern})`),
          '',
          0,
        )
      }
    }
    if (!this.#hosts.empty) {
      const address = host.includes(':') ? `[${host}]` : host
      const hit = this.#hosts.match(`${address}:${port}`) ?? this.#hosts.match(host)
      if (hit !== undefined) {
        // A script's own `hosts` must not lead elsewhere what may be called.
        const outside = this.#outside(hit.value.ip)
        return outside === undefined ? this.#allow(hit.value.ip, hit.value.port ?? port, done) : done(outside, '', 0)
      }
    }
    const outside = this.#outside(host)
    if (outside !== undefined) return done(outside, '', 0)
    if (literal) return this.#allow(host, port, done)
    const refusal = this.refusal(host)
    this.#lookup(host, (error, ips) => {
      // A name that /etc/hosts puts on this machine is a stand-in.
      if (refusal !== undefined && !(ips.length > 0 && ips.every(isLoopback))) return done(refusal, '', 0)
      if (error !== undefined) return done(dnsFault(error, host), '', 0)
      const ip = this.#choose(host, ips)
      if (ip === undefined) return done(fault(1000, `lookup ${host}: no such host`), '', 0)
      this.#allow(ip, port, done)
    })
  }

  /** Why nothing may be sent to a host, whatever its address; undefined when it may. */
  refusal(host: string): Fault | undefined {
    const hit = this.#refused.empty ? undefined : this.#refused.match(host)
    return hit === undefined ? undefined : fault(1111, REFUSED, `refused: ${host}: ${hit.value}`)
  }

  #outside(host: string): Fault | undefined {
    return this.#only.empty || this.#only.match(host) !== undefined
      ? undefined
      : fault(1111, OUTSIDE, `refused: ${host} is none of the hosts that this run may call (--only-host)`)
  }

  #allow(ip: string, port: number, done: Resolved): void {
    for (const block of this.#blacklist) {
      if (blockContains(block, ip)) {
        return done(fault(1110, 'ip is blacklisted', `IP (${ip}) is in a blacklisted range (${block.text})`), '', 0)
      }
    }
    done(undefined, ip, port)
  }

  #lookup(host: string, done: (error: unknown, ips: readonly string[]) => void): void {
    const ttlMs = this.#dns.ttlMs
    const cached = this.#cache.get(host)
    if (cached !== undefined && nowMs() < cached.atMs + ttlMs) return done(undefined, cached.ips)
    const waiting = this.#waiting.get(host)
    if (waiting !== undefined) {
      waiting.push(done)
      return
    }
    const all = [done]
    this.#waiting.set(host, all)
    lookup(host, { all: true, verbatim: true }, (error, found) => {
      this.#waiting.delete(host)
      let ips: readonly string[] = []
      if (error === null) {
        ips = applyPolicy([...new Set(found.map((entry) => entry.address))], this.#dns.policy)
        if (this.#cache.size >= maxNames) this.#cache.clear()
        if (ttlMs > 0) this.#cache.set(host, { ips, atMs: nowMs() })
      }
      for (const each of all) each(error ?? undefined, ips)
    })
  }

  #choose(host: string, ips: readonly string[]): string | undefined {
    if (this.#dns.select === 'first' || ips.length < 2) return ips[0]
    if (this.#dns.select === 'random') return ips[Math.floor(Math.random() * ips.length)]
    const turn = this.#turns.get(host) ?? 0
    if (this.#turns.size >= maxNames) this.#turns.clear()
    this.#turns.set(host, (turn + 1) % 256)
    return ips[turn % ips.length]
  }
}

/** The `error` tag; the reason is in the log. */
const REFUSED = 'refused: a paid or rate-limited service'

const OUTSIDE = 'refused: not a host of --only-host'

function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.') || ip.startsWith('::ffff:127.')
}

/** Names kept in a cache; a script that makes names up must not fill the memory. */
const maxNames = 10_000

function applyPolicy(ips: readonly string[], policy: Options['dns']['policy']): readonly string[] {
  if (policy === 'any') return ips
  const v4 = ips.filter((ip) => isIP(ip) === 4)
  const v6 = ips.filter((ip) => isIP(ip) === 6)
  switch (policy) {
    case 'preferIPv4':
      return v4.length > 0 ? v4 : v6
    case 'preferIPv6':
      return v6.length > 0 ? v6 : v4
    case 'onlyIPv4':
      return v4
    case 'onlyIPv6':
      return v6
  }
}

/** `ip`, `ip:port`, `[ip6]:port`. */
function parseHostValue(text: string): { ip: string; port: number | undefined } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text)
  if (match === null) return { ip: text.replace(/^\[|\]$/g, ''), port: undefined }
  return { ip: (match[1] ?? match[2]) as string, port: Number(match[3]) || undefined }
}

function parseBlock(text: string): IpBlock {
  const block = parseCidr(text.includes('/') ? text : `${text}/${isIP(text) === 6 ? 128 : 32}`)
  if (block === undefined) {
    throw new PerfwrightError({
      code: 'PW_HTTP_BLACKLIST_IP',
      message: `blacklistIPs holds ${JSON.stringify(text)}, which is no CIDR block.`,
      fix: 'Write it as 10.0.0.0/8.',
      exitCode: ExitCode.invalidConfig,
    })
  }
  return block
}
