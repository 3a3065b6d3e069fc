/** X.509 certificates (RFC 5280) as Go's crypto/x509 reads them, as far as k6 shows them. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { DerError, derItems, derOid, derSequence, derTag, derText, derTime, type DerValue } from './der.js'

export interface ParsedCertificate {
  readonly raw: Uint8Array
  readonly subject: CertificateName
  readonly issuer: CertificateName
  readonly notBefore: string
  readonly notAfter: string
  /** DNS names, then e-mail addresses, IP addresses, URIs. */
  readonly altNames: readonly string[]
  readonly signatureAlgorithm: string
  readonly publicKey: KeyObject | undefined
}

/** The parts of a distinguished name in their order: object identifier and text. */
export type CertificateName = readonly { readonly type: string; readonly value: string }[]

/** The first PEM block of a text; undefined when there is none. */
export function decodePem(text: string): Uint8Array | undefined {
  const block = /-----BEGIN ([^\r\n-]+)-----[ \t]*\r?\n([A-Za-z0-9+/=\s]*?)-----END \1-----/.exec(text)
  return block === null ? undefined : Buffer.from((block[2] as string).replace(/\s/g, ''), 'base64')
}

/** @returns undefined for what is no certificate */
export function parseCertificate(raw: Uint8Array): ParsedCertificate | undefined {
  try {
    const [certificate] = derSequence(raw)
    const [body, algorithm] = derItems(certificate, derTag.sequence)
    const fields = derItems(body, derTag.sequence)
    // The version is optional: its tag tells.
    const at = fields[0]?.tag === 0xa0 ? 1 : 0
    const [notBefore, notAfter] = derItems(fields[at + 3], derTag.sequence)
    const extensions = fields.find((field) => field.tag === 0xa3)
    return {
      raw,
      issuer: readName(fields[at + 2]),
      notBefore: derTime(notBefore),
      notAfter: derTime(notAfter),
      subject: readName(fields[at + 4]),
      altNames: extensions === undefined ? [] : readAltNames(extensions),
      signatureAlgorithm: readSignatureAlgorithm(algorithm),
      publicKey: readPublicKey(fields[at + 5]),
    }
  } catch (error) {
    if (error instanceof DerError) return undefined
    throw error
  }
}

function readName(value: DerValue | undefined): CertificateName {
  return derItems(value, derTag.sequence).flatMap((set) =>
    derItems(set, derTag.set).map((pair) => {
      const [type, text] = derItems(pair, derTag.sequence)
      return { type: derOid(type), value: derText(text) }
    }),
  )
}

function readAltNames(extensions: DerValue): string[] {
  const [list] = derItems(extensions, 0xa3)
  const found: Record<'dns' | 'email' | 'ip' | 'uri', string[]> = { dns: [], email: [], ip: [], uri: [] }
  for (const extension of derItems(list, derTag.sequence)) {
    const parts = derItems(extension, derTag.sequence)
    if (derOid(parts[0]) !== '2.5.29.17') continue
    const [names] = derSequence((parts.at(-1) as DerValue).content)
    for (const name of derItems(names, derTag.sequence)) {
      if (name.tag === 0x82) found.dns.push(derText(name))
      else if (name.tag === 0x81) found.email.push(derText(name))
      else if (name.tag === 0x87) found.ip.push(ipText(name.content))
      else if (name.tag === 0x86) found.uri.push(derText(name))
    }
  }
  return [...found.dns, ...found.email, ...found.ip, ...found.uri]
}

function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw new DerError('bad IP address')
  // An IPv4 address in IPv6's clothes (::ffff:1.2.3.4) is written as what it is.
  if (bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff) {
    return bytes.subarray(12).join('.')
  }
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16),
  )
  const { start, length } = longestZeros(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

/** RFC 5952: the longest run of zero groups, the first of equals. */
function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let i = 0; i < groups.length; i++) {
    let end = i
    while (groups[end] === '0') end++
    if (end - i > best.length) best = { start: i, length: end - i }
  }
  return best
}

const signatureAlgorithms: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'MD2-RSA',
  '1.2.840.113549.1.1.4': 'MD5-RSA',
  '1.2.840.113549.1.1.5': 'SHA1-RSA',
  '1.3.14.3.2.29': 'SHA1-RSA',
  '1.2.840.113549.1.1.11': 'SHA256-RSA',
  '1.2.840.113549.1.1.12': 'SHA384-RSA',
  '1.2.840.113549.1.1.13': 'SHA512-RSA',
  '1.2.840.10040.4.3': 'DSA-SHA1',
  '2.16.840.1.101.3.4.3.2': 'DSA-SHA256',
  '1.2.840.10045.4.1': 'ECDSA-SHA1',
  '1.2.840.10045.4.3.2': 'ECDSA-SHA256',
  '1.2.840.10045.4.3.3': 'ECDSA-SHA384',
  '1.2.840.10045.4.3.4': 'ECDSA-SHA512',
  '1.3.101.112': 'Ed25519',
}
const pssHashes: Readonly<Record<string, readonly [name: string, length: number]>> = {
  '2.16.840.1.101.3.4.2.1': ['SHA256-RSAPSS', 32],
  '2.16.840.1.101.3.4.2.2': ['SHA384-RSAPSS', 48],
  '2.16.840.1.101.3.4.2.3': ['SHA512-RSAPSS', 64],
}
const unknownAlgorithm = 'UnknownSignatureAlgorithm'

function readSignatureAlgorithm(value: DerValue | undefined): string {
  const [oid, parameters] = derItems(value, derTag.sequence)
  const name = derOid(oid)
  return name === '1.2.840.113549.1.1.10' ? readPss(parameters) : (signatureAlgorithms[name] ?? unknownAlgorithm)
}

/** Go names only the usual choice: the same hash twice, a salt of its length. */
function readPss(parameters: DerValue | undefined): string {
  const inside = (tag: number): DerValue | undefined => {
    const field = derItems(parameters, derTag.sequence).find((item) => item.tag === tag)
    return field && derSequence(field.content)[0]
  }
  const hash = inside(0xa0)
  const generator = inside(0xa1)
  const salt = inside(0xa2)
  if (hash === undefined || generator === undefined || salt === undefined) return unknownAlgorithm
  const hashOid = derOid(derItems(hash, derTag.sequence)[0])
  const generatorHash = derItems(generator, derTag.sequence)[1]
  const known = pssHashes[hashOid]
  const matches =
    known !== undefined &&
    derOid(derItems(generatorHash, derTag.sequence)[0]) === hashOid &&
    salt.content.length === 1 &&
    salt.content[0] === known[1]
  return matches ? known[0] : unknownAlgorithm
}

function readPublicKey(value: DerValue | undefined): KeyObject | undefined {
  if (value === undefined) throw new DerError('no public key')
  // The value's own bytes, tag and length included, stand just before its content.
  const { content } = value
  const header = content.length < 0x80 ? 2 : content.length < 0x100 ? 3 : content.length < 0x10000 ? 4 : 5
  const der = Buffer.from(content.buffer, content.byteOffset - header, content.length + header)
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}
