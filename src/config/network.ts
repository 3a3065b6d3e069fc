/** Readers of the options about hosts, addresses and TLS. */
import { BlockList, isIP, isIPv4 } from 'node:net'
import { parseDuration } from '#base/duration.js'
import type { DnsOptions, TlsAuth } from './types.js'
import {
  expected,
  isObject,
  type Reader,
  type Reading,
  readOneOf,
  readString,
  readStringMap,
  readStrings,
  sorted,
} from './values.js'

/** What one tier said about DNS; the parts are merged one by one. */
export interface DnsPart {
  readonly ttl?: string
  readonly select?: DnsOptions['select']
  readonly policy?: DnsOptions['policy']
}

const SELECTS = ['first', 'random', 'roundRobin'] as const
const POLICIES = ['preferIPv4', 'preferIPv6', 'onlyIPv4', 'onlyIPv6', 'any'] as const
const readSelect = readOneOf(SELECTS, (v) => `${v} does not belong to DNSSelect values`)
const readPolicy = readOneOf(POLICIES, (v) => `${v} does not belong to DNSPolicy values`)

export const readDns: Reader<DnsPart> = (value, at) => {
  if (!isObject(value)) return expected(at, 'an object with ttl, select, policy', value)
  const part: { -readonly [K in keyof DnsPart]: DnsPart[K] } = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === null || item === undefined) continue
    const name = key.toLowerCase()
    if (name === 'ttl') {
      const ttl = readString(item, at.under('ttl'))
      if (ttl !== undefined && dnsTtlMs(ttl) === undefined) at.reportUsage(`invalid DNS TTL: ${ttl}`)
      else if (ttl !== undefined) part.ttl = ttl
    } else if (name === 'select') {
      const select = readSelect(item, at.under('select'))
      if (select !== undefined) part.select = select
    } else if (name === 'policy') {
      const policy = readPolicy(item, at.under('policy'))
      if (policy !== undefined) part.policy = policy
    }
  }
  return part
}

/** `ttl=5m,select=random,policy=preferIPv4`, any part of it, as the flag and the environment have it. */
export const readDnsText: Reader<DnsPart> = (value, at) => {
  const object: Record<string, string> = {}
  for (const pair of String(value).split(',')) {
    const eq = pair.indexOf('=')
    const key = eq < 0 ? pair : pair.slice(0, eq)
    if (eq < 0 || eq === pair.length - 1) at.report(`no value for key ${pair}`)
    else if (!['ttl', 'select', 'policy'].includes(key)) at.report(`unknown DNS configuration field: ${key}`)
    else object[key] = pair.slice(eq + 1)
  }
  return readDns(object, at)
}

/** Milliseconds; Infinity for `inf`, 0 for never; undefined when it is not a TTL. */
export function dnsTtlMs(ttl: string): number | undefined {
  if (ttl === '') return undefined
  if (ttl === 'inf') return Number.POSITIVE_INFINITY
  const result = parseDuration(ttl)
  return 'ns' in result ? Math.max(0, result.ns / 1e6) : undefined
}

/** `{ "host[:port]" | "*.domain": "ip[:port]" }`; names are lower-cased. */
export const readHosts: Reader<Readonly<Record<string, string>>> = (value, at) => {
  const map = readStringMap(value, at)
  if (map === undefined) return undefined
  const out: Record<string, string> = Object.create(null)
  for (const [pattern, address] of Object.entries(map)) {
    if (!HOST_PATTERN.test(pattern)) at.report(`invalid host pattern '${pattern}'`)
    const port = splitPort(address)
    if (port !== undefined && !/^\d{1,5}$/.test(port)) {
      at.report(`strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`)
    }
    out[pattern.toLowerCase()] = address
  }
  return sorted(out)
}

/** Host names to block, with one leading `*`. */
export const readHostnamePatterns: Reader<readonly string[]> = (value, at) => {
  const list = readStrings(value, at)
  for (const pattern of list ?? []) {
    if (!HOSTNAME_PATTERN.test(pattern)) at.report(`invalid hostname pattern '${pattern}'`)
  }
  return list
}

export const readCidrs: Reader<readonly string[]> = (value, at) => {
  const list = readStrings(value, at)
  return list?.map((text) => {
    const cidr = normalCidr(text)
    if (cidr === undefined) at.report(`failed to parse CIDR '${text}': invalid CIDR address: ${text}`)
    return cidr ?? text
  })
}

/** `192.168.0.1,10.0.0.1-10.0.0.9,fd:1::0/120`: checked here, spread over VUs by the HTTP client. */
export const readLocalIps: Reader<string> = (value, at) => {
  const text = readString(value, at)
  for (const block of text?.split(',') ?? []) checkIpBlock(block, at)
  return text
}

const TLS_VERSIONS = ['tls1.0', 'tls1.1', 'tls1.2', 'tls1.3']

export const readTlsVersion: Reader<{ min: string | undefined; max: string | undefined }> = (value, at) => {
  const one = (v: unknown, part: string): string | undefined => {
    if (v === undefined || v === null || v === '') return undefined
    if (typeof v === 'string' && TLS_VERSIONS.includes(v)) return v
    if (typeof v !== 'string') return expected(at.under(part), 'a string', v)
    at.report(`unknown TLS version '${v}'`)
    return undefined
  }
  if (isObject(value)) return { min: one(value['min'], 'min'), max: one(value['max'], 'max') }
  if (typeof value !== 'string') return expected(at, 'a string or an object with min and max', value)
  const version = one(value, 'min')
  return { min: version, max: version }
}

export const readCipherSuites: Reader<readonly string[]> = (value, at) => {
  const list = readStrings(value, at)
  for (const name of list ?? []) if (!/^TLS_[A-Z0-9_]+$/.test(name)) at.report(`unknown cipher suite '${name}'`)
  return list
}

export const readTlsAuth: Reader<readonly TlsAuth[]> = (value, at) => {
  if (!Array.isArray(value)) return expected(at, 'a list of { domains, cert, key, password }', value)
  return value.flatMap((item, i) => {
    const here = at.under(i)
    if (!isObject(item)) return expected(here, 'an object with domains, cert and key', item) ?? []
    const cert = readString(item['cert'] ?? '', here.under('cert')) ?? ''
    const key = readString(item['key'] ?? '', here.under('key')) ?? ''
    const passwordValue = item['password']
    const password =
      passwordValue === undefined || passwordValue === null
        ? undefined
        : readString(passwordValue, here.under('password'))
    const domains = readStrings(item['domains'] ?? [], here.under('domains')) ?? []
    checkKeyPair(cert, key, password, at)
    return [{ domains, cert, key, password }]
  })
}

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'
const HOST_PATTERN = new RegExp(`^(?:\\*\\.?)?(?:${LABEL}(?:\\.${LABEL})*)?(?::[0-9]{1,5})?$`)
const HOSTNAME_PATTERN = new RegExp(`^(?:\\*\\.?)?(?:${LABEL}(?:\\.${LABEL})*)?$`)

function checkKeyPair(cert: string, key: string, password: string | undefined, at: Reading): void {
  // Loaded only here: it costs some 10 ms of the start, and few scripts have client certificates.
  const { createPrivateKey, X509Certificate } = process.getBuiltinModule('node:crypto')
  if (!cert.includes('-----BEGIN')) at.report('tls: failed to find any PEM data in certificate input')
  else readable(at, 'certificate', () => new X509Certificate(cert))
  if (!key.includes('-----BEGIN')) at.report('tls: failed to find any PEM data in key input')
  else {
    const input = password === undefined ? { key } : { key, passphrase: password }
    readable(at, 'private key', () => createPrivateKey(input))
  }
}

function readable(at: Reading, what: string, parse: () => unknown): void {
  try {
    parse()
  } catch (error) {
    at.report(`tls: the ${what} in "${at.name}" cannot be read: ${words(error)}`)
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function splitPort(address: string): string | undefined {
  const bracketed = /^\[[^\]]*\]:(.*)$/.exec(address)
  if (bracketed) return bracketed[1]
  const parts = address.split(':')
  return parts.length === 2 ? parts[1] : undefined
}

/** Host bits are cut, as Go does: 10.1.2.3/8 is 10.0.0.0/8. */
function normalCidr(text: string): string | undefined {
  const slash = text.lastIndexOf('/')
  const address = text.slice(0, slash)
  const bits = text.slice(slash + 1)
  const family = isIP(address)
  if (slash < 0 || family === 0 || !/^\d{1,3}$/.test(bits)) return undefined
  const size = Number(bits)
  if (size > (family === 4 ? 32 : 128)) return undefined
  if (family === 6) return `${address.toLowerCase()}/${size}`
  const value = address.split('.').reduce((acc, part) => acc * 256 + Number(part), 0)
  const base = size === 0 ? 0 : Math.floor(value / 2 ** (32 - size)) * 2 ** (32 - size)
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${size}`
}

function checkIpBlock(block: string, at: Reading): void {
  const dash = block.indexOf('-')
  if (dash >= 0) {
    const from = block.slice(0, dash)
    const to = block.slice(dash + 1)
    if (isIP(from) === 0 || isIP(to) === 0) at.report(`wrong IP range format: ${block}`)
    else if (isIP(from) !== isIP(to)) at.report(`mixed IP range format: ${block}`)
    else if (!inOrder(from, to)) at.report(`negative IP range: ${block}`)
  } else if (block.includes('/')) {
    if (normalCidr(block) === undefined) {
      at.report(`parseCIDR() failed parsing ${block}: invalid CIDR address: ${block}`)
    }
  } else if (isIP(block) === 0) at.report(`${block} is not a valid IP, IP range or CIDR`)
}

function inOrder(from: string, to: string): boolean {
  try {
    new BlockList().addRange(from, to, isIPv4(from) ? 'ipv4' : 'ipv6')
    return true
  } catch {
    return false
  }
}
