/** Answers to HTTP authentication challenges: Digest (RFC 7616) and NTLMv2 (MS-NLMP). */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { md4 } from './md4.js'

/**
 * `Authorization` for a Digest challenge. k6 answers any 401 so, even one that names another scheme; so do we, because
 * the answer is a request that counts.
 */
export function digestAuthorization(
  challenge: string,
  method: string,
  uri: string,
  user: string,
  password: string,
  cnonce: string = randomBytes(16).toString('hex'),
): string {
  const given = readChallenge(challenge)
  const realm = given.get('realm') ?? ''
  const nonce = given.get('nonce') ?? ''
  const algorithm = given.get('algorithm') ?? ''
  const offered = (given.get('qop') ?? '').split(',').map((text) => text.trim())
  const qop = offered.includes('auth') ? 'auth' : offered.includes('auth-int') ? 'auth-int' : ''
  const name = /sha-512-256/i.test(algorithm) ? 'sha512-256' : /sha-256/i.test(algorithm) ? 'sha256' : 'md5'
  const hash = (text: string): string => createHash(name).update(text, 'utf8').digest('hex')
  let secret = hash(`${user}:${realm}:${password}`)
  if (/-sess$/i.test(algorithm)) secret = hash(`${secret}:${nonce}:${cnonce}`)
  const what = qop === 'auth-int' ? hash(`${method}:${uri}:${hash('')}`) : hash(`${method}:${uri}`)
  const response =
    qop === '' ? hash(`${secret}:${nonce}:${what}`) : hash(`${secret}:${nonce}:00000001:${cnonce}:${qop}:${what}`)
  const parts = [`username="${escape(user)}"`, `realm="${realm}"`, `nonce="${nonce}"`, `uri="${uri}"`]
  if (algorithm !== '') parts.push(`algorithm=${algorithm}`)
  if (given.has('opaque')) parts.push(`opaque="${given.get('opaque')}"`)
  if (qop !== '') parts.push(`qop=${qop}`, 'nc=00000001', `cnonce="${cnonce}"`)
  parts.push(`response="${response}"`)
  return `Digest ${parts.join(', ')}`
}

/** One NTLM handshake; `answer` gives the next `Authorization`, or undefined when there is nothing more to say. */
export interface Ntlm {
  answer(challenges: readonly string[]): string | undefined
}

export function createNtlm(
  user: { readonly name: string; readonly password: string | undefined } | undefined,
  unixMs: () => number,
): Ntlm | undefined {
  if (user === undefined) return undefined
  const password = user.password ?? ''
  let step = 0
  return {
    answer(challenges) {
      const offer =
        challenges.find((text) => /^ntlm\b/i.test(text)) ?? challenges.find((text) => /^negotiate\b/i.test(text))
      step++
      if (step === 1) {
        // k6's library does not fall back to Basic.
        if (offer === undefined) return undefined
        return `${schemeOf(offer)} ${negotiateMessage.toString('base64')}`
      }
      const data = offer?.slice(offer.indexOf(' ') + 1)
      if (step > 2 || offer === undefined || data === undefined || !offer.includes(' ')) return undefined
      const answer = ntlmAuthenticate(Buffer.from(data, 'base64'), user.name, password, randomBytes(8), unixMs())
      return answer === undefined ? undefined : `${schemeOf(offer)} ${answer.toString('base64')}`
    },
  }
}

/**
 * The AUTHENTICATE message (MS-NLMP, 2.2.1.3) with an NTLMv2 response (3.3.2) to a CHALLENGE message; undefined when
 * that is none.
 */
export function ntlmAuthenticate(
  challenge: Buffer,
  account: string,
  password: string,
  clientChallenge: Buffer,
  unixMs: number,
): Buffer | undefined {
  if (challenge.length < 48 || challenge.toString('latin1', 0, 8) !== 'NTLMSSP\0' || challenge.readUInt32LE(8) !== 2) {
    return undefined
  }
  const slash = account.indexOf('\\')
  const user = slash < 0 ? account : account.slice(slash + 1)
  const targetName = fieldAt(challenge, 12)?.toString('utf16le') ?? ''
  const domain = slash >= 0 ? account.slice(0, slash) : account.includes('@') ? '' : targetName
  const targetInfo = fieldAt(challenge, 40) ?? Buffer.alloc(0)
  const serverChallenge = challenge.subarray(24, 32)
  const key = hmacMd5(md4(utf16(password)), utf16(user.toUpperCase() + domain))
  const stamp = timestampOf(targetInfo)
  const blob = Buffer.concat([
    Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]),
    stamp ?? fileTime(unixMs),
    clientChallenge,
    Buffer.alloc(4),
    targetInfo,
    Buffer.alloc(4),
  ])
  const ntResponse = Buffer.concat([hmacMd5(key, Buffer.concat([serverChallenge, blob])), blob])
  // A server that sends a timestamp must get an empty LMv2 response.
  const lmResponse =
    stamp === undefined
      ? Buffer.concat([hmacMd5(key, Buffer.concat([serverChallenge, clientChallenge])), clientChallenge])
      : Buffer.alloc(24)
  const payloads = [lmResponse, ntResponse, utf16(domain), utf16(user), Buffer.alloc(0), Buffer.alloc(0)]
  const head = Buffer.alloc(72)
  head.write('NTLMSSP\0', 0, 'latin1')
  head.writeUInt32LE(3, 8)
  let offset = head.length
  for (const [i, payload] of payloads.entries()) {
    const at = 12 + i * 8
    head.writeUInt16LE(payload.length, at)
    head.writeUInt16LE(payload.length, at + 2)
    head.writeUInt32LE(offset, at + 4)
    offset += payload.length
  }
  head.writeUInt32LE(challenge.readUInt32LE(20), 60)
  negotiateMessage.copy(head, 64, 32, 40)
  return Buffer.concat([head, ...payloads])
}

/** The NEGOTIATE message that k6 sends: Unicode, NTLM, always sign, extended session security, 128 and 56 bit. */
const negotiateMessage = Buffer.from(
  '4e544c4d5353500001000000018288a0000000002800000000000000280000000601b11d0000000f',
  'hex',
)

function schemeOf(offer: string): string {
  return /^ntlm/i.test(offer) ? 'NTLM' : 'Negotiate'
}

function fieldAt(message: Buffer, at: number): Buffer | undefined {
  const length = message.readUInt16LE(at)
  const offset = message.readUInt32LE(at + 4)
  return offset + length <= message.length ? message.subarray(offset, offset + length) : undefined
}

function timestampOf(targetInfo: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= targetInfo.length; ) {
    const id = targetInfo.readUInt16LE(at)
    const length = targetInfo.readUInt16LE(at + 2)
    if (id === 0) return undefined
    if (id === 7 && length === 8 && at + 12 <= targetInfo.length) return targetInfo.subarray(at + 4, at + 12)
    at += 4 + length
  }
  return undefined
}

/** Windows FILETIME: 100 ns since 1601. */
function fileTime(unixMs: number): Buffer {
  const out = Buffer.alloc(8)
  out.writeBigUInt64LE((BigInt(Math.trunc(unixMs)) + 11_644_473_600_000n) * 10_000n)
  return out
}

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le')
}

function hmacMd5(key: Buffer, data: Buffer): Buffer {
  return createHmac('md5', key).update(data).digest()
}

function readChallenge(text: string): Map<string, string> {
  const out = new Map<string, string>()
  const body = text.slice(0, 8192).replace(/^\s*[A-Za-z-]+\s+/, '')
  for (const match of body.matchAll(/([A-Za-z-]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))/g)) {
    const key = (match[1] as string).toLowerCase()
    if (!out.has(key)) out.set(key, match[2] ?? match[3] ?? '')
  }
  return out
}

function escape(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replace(/[\r\n]/g, '')
}
