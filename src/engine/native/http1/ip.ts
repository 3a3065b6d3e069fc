/** IP addresses as numbers: CIDR blocks, ranges, and the spread of local addresses over VUs. */
import { isIP, isIPv4 } from 'node:net'

export interface IpBlock {
  readonly text: string
  readonly version: 4 | 6
  readonly first: bigint
  readonly last: bigint
}

export function ipToBigInt(ip: string): bigint {
  if (isIPv4(ip)) return ip.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)
  let text = ip.replace(/%.*$/, '')
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  if (dotted !== null) {
    const v4 = ipToBigInt(dotted[2] as string)
    text = `${dotted[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`
  }
  const [head = '', tail] = text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n)
}

export function bigIntToIp(value: bigint, version: 4 | 6): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.')
  const groups: string[] = []
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(((value >> shift) & 0xffffn).toString(16))
  // Go and RFC 5952: the longest run of two zero groups or more, the first of equals, becomes `::`.
  let best = -1
  let bestLength = 1
  for (let i = 0; i < 8; i++) {
    let length = 0
    while (i + length < 8 && groups[i + length] === '0') length++
    if (length > bestLength) {
      best = i
      bestLength = length
    }
    i += length
  }
  if (best < 0) return groups.join(':')
  return `${groups.slice(0, best).join(':')}::${groups.slice(best + bestLength).join(':')}`
}

/** `a.b.c.d/n`; undefined when it is none. IPv4-mapped IPv6 counts as IPv4, as in Go. */
export function parseCidr(text: string): IpBlock | undefined {
  const [ip, bits, rest] = text.split('/')
  if (ip === undefined || bits === undefined || rest !== undefined || !/^\d{1,3}$/.test(bits)) return undefined
  const version = isIP(ip)
  if (version === 0) return undefined
  const width = version === 4 ? 32 : 128
  const prefix = Number(bits)
  if (prefix > width) return undefined
  const host = (1n << BigInt(width - prefix)) - 1n
  const first = ipToBigInt(ip) & ~host
  return {
    text: `${bigIntToIp(first, version as 4 | 6)}/${prefix}`,
    version: version as 4 | 6,
    first,
    last: first | host,
  }
}

export function blockContains(block: IpBlock, ip: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)
  const address = mapped === null ? ip : (mapped[1] as string)
  if (isIP(address) !== block.version) return false
  const value = ipToBigInt(address)
  return value >= block.first && value <= block.last
}

/**
 * The local addresses of `localIPs`: comma-separated addresses, `a-b` ranges and CIDRs. VU n takes the n-th, round and
 * round. Of an IPv4 CIDR larger than two addresses, network and broadcast address are left out, as k6 does.
 * @returns  undefined for text that k6 refuses, too
 */
export function localIpPool(text: string): ((vuId: number) => string) | undefined {
  const blocks: IpBlock[] = []
  for (const part of text.split(',')) {
    const block = localBlock(part)
    if (block === undefined) return undefined
    blocks.push(block)
  }
  const total = blocks.reduce((sum, block) => sum + (block.last - block.first + 1n), 0n)
  return (vuId) => {
    let index = BigInt(Math.max(0, vuId - 1)) % total
    for (const block of blocks) {
      const size = block.last - block.first + 1n
      if (index < size) return bigIntToIp(block.first + index, block.version)
      index -= size
    }
    return bigIntToIp((blocks[0] as IpBlock).first, (blocks[0] as IpBlock).version)
  }
}

function localBlock(part: string): IpBlock | undefined {
  if (part.includes('/') && !part.includes('-')) {
    const block = parseCidr(part)
    if (block === undefined || block.version === 6 || block.last - block.first + 1n <= 2n) return block
    return { ...block, first: block.first + 1n, last: block.last - 1n }
  }
  const [from, to = from, rest] = part.split('-')
  if (from === undefined || to === undefined || rest !== undefined) return undefined
  const version = isIP(from)
  if (version === 0 || isIP(to) !== version) return undefined
  const first = ipToBigInt(from)
  const last = ipToBigInt(to)
  return last < first ? undefined : { text: part, version: version as 4 | 6, first, last }
}
