/** Module `k6/crypto/x509`. Fields and texts of errors are k6's, verified on k6 2.2. */
import { createHash, type KeyObject } from 'node:crypto'
import { types } from 'node:util'
import type { Realm, VuScope } from '../../types.js'
import { realmArray, realmObject, toBytes } from '../encoding/go-values.js'
import { type CertificateName, decodePem, type ParsedCertificate, parseCertificate } from './certificate.js'

export function createX509Module(vu: VuScope): Record<string, unknown> {
  const realm = vu.realm
  const functions = {
    getAltNames: (encoded?: unknown) => realmArray(realm, read(realm, encoded).altNames),
    getIssuer: (encoded?: unknown) => issuer(realm, read(realm, encoded).issuer),
    getSubject: (encoded?: unknown) => subject(realm, read(realm, encoded).subject),
    parse: (encoded?: unknown) => {
      const certificate = read(realm, encoded)
      const key = publicKey(realm, certificate.publicKey)
      return realmObject(realm, {
        subject: subject(realm, certificate.subject),
        issuer: issuer(realm, certificate.issuer),
        notBefore: certificate.notBefore,
        notAfter: certificate.notAfter,
        altNames: realmArray(realm, certificate.altNames),
        signatureAlgorithm: certificate.signatureAlgorithm,
        fingerPrint: realmArray(realm, createHash('sha1').update(certificate.raw).digest()),
        publicKey: key,
      })
    },
  }
  return { default: functions, ...functions }
}

function read(realm: Realm, encoded: unknown): ParsedCertificate {
  const raw = decodePem(Buffer.from(argumentBytes(realm, encoded)).toString('latin1'))
  if (raw === undefined) throw new realm.GoError('failed to decode certificate PEM file')
  const certificate = parseCertificate(raw)
  if (certificate === undefined) throw new realm.GoError('failed to parse certificate: x509: malformed certificate')
  return certificate
}

function argumentBytes(realm: Realm, value: unknown): Uint8Array {
  if (value === undefined || value === null) return new Uint8Array(0)
  if (Array.isArray(value)) return Uint8Array.from(value as number[])
  if (typeof value === 'string' || types.isUint8Array(value) || types.isAnyArrayBuffer(value))
    return toBytes(realm, value)
  throw new realm.TypeError(
    `could not convert function call parameter 0: could not convert ${String(value)} to []uint8`,
  )
}

const oid = {
  commonName: '2.5.4.3',
  country: '2.5.4.6',
  locality: '2.5.4.7',
  province: '2.5.4.8',
  street: '2.5.4.9',
  organization: '2.5.4.10',
  unit: '2.5.4.11',
  postalCode: '2.5.4.17',
} as const

const all = (name: CertificateName, type: string): string[] =>
  name.filter((part) => part.type === type).map((part) => part.value)
const first = (name: CertificateName, type: string): string => all(name, type)[0] ?? ''
// Of several common names Go keeps the last, of everything else k6 shows the first.
const commonName = (name: CertificateName): string => all(name, oid.commonName).at(-1) ?? ''
const names = (realm: Realm, name: CertificateName): unknown[] =>
  realmArray(
    realm,
    name.map((part) => realmObject(realm, part)),
  )

function subject(realm: Realm, name: CertificateName): object {
  return realmObject(realm, {
    commonName: commonName(name),
    country: first(name, oid.country),
    postalCode: first(name, oid.postalCode),
    stateOrProvinceName: first(name, oid.province),
    localityName: first(name, oid.locality),
    streetAddress: first(name, oid.street),
    organizationName: first(name, oid.organization),
    organizationalUnitName: realmArray(realm, all(name, oid.unit)),
    names: names(realm, name),
  })
}

function issuer(realm: Realm, name: CertificateName): object {
  return realmObject(realm, {
    commonName: commonName(name),
    country: first(name, oid.country),
    stateOrProvinceName: first(name, oid.province),
    localityName: first(name, oid.locality),
    organizationName: first(name, oid.organization),
    names: names(realm, name),
  })
}

const algorithms: Readonly<Record<string, string>> = { rsa: 'RSA', ec: 'ECDSA', dsa: 'DSA' }

function publicKey(realm: Realm, key: KeyObject | undefined): object {
  const algorithm = algorithms[key?.asymmetricKeyType ?? '']
  if (key === undefined || algorithm === undefined) throw new realm.GoError('unsupported public key algorithm')
  return realmObject(realm, { algorithm, key: realmObject(realm, keyNumbers(key)) })
}

/** The numbers of a key: RSA's modulus and exponent, a curve's point. The methods of k6's Go keys are not there. */
function keyNumbers(key: KeyObject): Record<string, unknown> {
  if (key.asymmetricKeyType === 'dsa') return {}
  const { n, e, x, y } = key.export({ format: 'jwk' }) as Record<'n' | 'e' | 'x' | 'y', string | undefined>
  const number = (text: string | undefined): bigint =>
    BigInt(`0x${Buffer.from(text ?? '', 'base64url').toString('hex') || '0'}`)
  return n === undefined ? { curve: {}, x: number(x), y: number(y) } : { n: number(n), e: Number(number(e)) }
}
