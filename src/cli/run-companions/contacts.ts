/** Whom script and target talked to, and where these are: this machine, a private network, the internet. */
import { promises as dns } from 'node:dns'
import { isIP } from 'node:net'
import { readFileSync } from 'node:fs'
import type { Contact } from '#plan/checkpoints/index.js'
import { knownServiceOf, knownServices, matches } from '#plan/known-services.js'

export interface ScriptSide {
  /** URLs of the plan; with none, the host that got most requests is the target. */
  readonly targets: readonly string[]
  /** The option `hosts`. */
  readonly mapped: Readonly<Record<string, string>>
  readonly isAllowed: (host: string) => boolean
}

/** @param hosts  `name:port` with how many requests went there */
export async function scriptContacts(hosts: ReadonlyMap<string, number>, side: ScriptSide): Promise<Contact[]> {
  const declared = side.targets.flatMap((url) => (URL.canParse(url) ? [new URL(url).hostname] : []))
  const [busiest] = [...hosts].sort((a, b) => b[1] - a[1])
  const own = declared.length > 0 ? declared : busiest === undefined ? [] : [nameOf(busiest[0])]
  return await Promise.all(
    [...hosts.keys()].map(async (host): Promise<Contact> => {
      const name = nameOf(host)
      const service = knownServiceOf(name)
      const addresses = await addressesOf(host, name, side.mapped)
      const isHere = addresses.length > 0 && addresses.every((ip) => placeOf(ip) === 'this-machine')
      const refused = service !== undefined && !isHere && !isMapped(host, name, side.mapped) && !side.isAllowed(name)
      // Without a plan, names of the target's own domain are taken to be the target's.
      const isTarget =
        service === undefined && own.some((one) => one === name || (declared.length === 0 && sameDomain(one, name)))
      return { host, by: 'script', isTarget, where: refused ? 'refused' : furthest(addresses) }
    }),
  )
}

/** @param peers  `address:port` */
export async function targetContacts(peers: Iterable<string>): Promise<Contact[]> {
  const all = [...peers].map((peer) => ({ peer, ip: nameOf(peer), port: peer.replace(/^.*:/, '') }))
  const isPublic = all.some(({ ip }) => placeOf(ip) === 'internet')
  const names = isPublic ? new Map([...(await knownAddresses()), ...hostsFile()]) : hostsFile()
  return all.map(({ peer, ip, port }) => {
    const name = placeOf(ip) === 'internet' ? names.get(ip) : undefined
    return { host: name === undefined ? peer : `${name}:${port}`, by: 'target', isTarget: false, where: placeOf(ip) }
  })
}

export function placeOf(ip: string): 'this-machine' | 'private' | 'internet' {
  const v4 = ip.replace(/^::ffff:/i, '')
  if (/^127\.|^0\.0\.0\.0$|^::1$|^::$/.test(v4)) return 'this-machine'
  if (/^10\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\.|^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(v4))
    return 'private'
  return /^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/i.test(v4) ? 'private' : 'internet'
}

function furthest(addresses: readonly string[]): Contact['where'] {
  const places = new Set(addresses.map(placeOf))
  // A name that nothing resolves is somewhere else.
  if (places.size === 0 || places.has('internet')) return 'internet'
  return places.has('private') ? 'private' : 'this-machine'
}

function isMapped(host: string, name: string, mapped: ScriptSide['mapped']): boolean {
  return Object.keys(mapped).some((pattern) => matches(pattern, name) || pattern.toLowerCase() === host)
}

async function addressesOf(host: string, name: string, mapped: ScriptSide['mapped']): Promise<string[]> {
  const to = Object.entries(mapped).find(([pattern]) => matches(pattern, name) || pattern.toLowerCase() === host)?.[1]
  if (to !== undefined) return [nameOf(isIP(to) === 0 ? to : isIP(to) === 6 ? `[${to}]` : to)]
  if (isIP(name) !== 0) return [name]
  try {
    return (await dns.lookup(name, { all: true })).map(({ address }) => address)
  } catch {
    return []
  }
}

/** `[::1]:80` and `shop.test:80` without port and brackets. */
function nameOf(host: string): string {
  if (isIP(host) !== 0) return host
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase()
}

function sameDomain(a: string, b: string): boolean {
  const domain = (name: string): string => name.split('.').slice(-2).join('.')
  return isIP(a) === 0 && isIP(b) === 0 && a.includes('.') && domain(a) === domain(b)
}

function hostsFile(): Map<string, string> {
  try {
    return new Map(
      readFileSync('/etc/hosts', 'utf8')
        .split('\n')
        .flatMap((line): [string, string][] => {
          const [ip = '', name] = line.replace(/#.*/, '').trim().split(/\s+/)
          return name === undefined ? [] : [[ip, name]]
        }),
    )
  } catch {
    return new Map()
  }
}

/** Where the known services are now: addresses of a big provider's front say nothing by themselves. */
async function knownAddresses(): Promise<Map<string, string>> {
  const resolver = new dns.Resolver({ timeout: 1500, tries: 1 })
  const names = knownServices.flatMap(({ hosts }) => hosts.map((host) => host.replace(/^\*\.?/, 'api.')))
  const found = new Map<string, string>()
  await Promise.all(
    names.map(async (name) => {
      for (const ip of await resolver.resolve4(name).catch(() => [])) found.set(ip, name)
    }),
  )
  return found
}
