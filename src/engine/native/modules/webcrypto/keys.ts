/** CryptoKeys: making, importing and exporting them. Checks, their order and words are k6's, verified on k6 2.2. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { goIntArgument } from '../encoding/go-values.js'
import { CryptoRefusal, hashParameter, isAes, isCurve, isRsa, parameterBytes, requiredParameter } from './algorithms.js'

/** What a CryptoKey stands for; never seen by the script. */
export interface KeyState {
  readonly type: 'secret' | 'private' | 'public'
  readonly extractable: boolean
  readonly algorithm: KeyAlgorithm
  readonly usages: readonly string[]
  readonly handle: Buffer | KeyObject
}

export interface KeyAlgorithm {
  readonly name: string
  /** Bits, of a secret key. */
  readonly length?: number
  readonly hash?: string
  readonly namedCurve?: string
  readonly modulusLength?: number
}

export interface KeyPairState {
  readonly privateKey: KeyState
  readonly publicKey: KeyState
}

const refuse = (name: string, message: string): never => {
  throw new CryptoRefusal(name, message)
}
const makePair = promisify(generateKeyPair)
const curveNames: Readonly<Record<string, { readonly node: string; readonly bytes: number }>> = {
  'P-256': { node: 'prime256v1', bytes: 32 },
  'P-384': { node: 'secp384r1', bytes: 48 },
  'P-521': { node: 'secp521r1', bytes: 66 },
}
const hmacLengths: Readonly<Record<string, number>> = { 'SHA-1': 512, 'SHA-256': 512, 'SHA-384': 1024, 'SHA-512': 1024 }

/** Reads the parameters at once; the result makes the key. */
export function keyGenerator(
  name: string,
  params: unknown,
  extractable: boolean,
  usages: readonly string[],
): () => Promise<KeyState | KeyPairState> {
  if (isAes(name)) {
    const length = typeof params === 'string' ? 0 : goIntArgument(requiredParameter(params, 'length'))
    return async () => nonEmpty(generateAes(name, length, extractable, usages))
  }
  if (name === 'HMAC') {
    const hash = hashParameter(params, 'generateKey')
    const given = (params as { length?: unknown }).length
    return async () => {
      checkUsages(usages, ['sign', 'verify'], true)
      const length = given === undefined || given === null ? hmacLengths[hash] : goIntArgument(given)
      if (length === undefined) return refuse('ImplementationError', `invalid hash algorithm: ${hash}`)
      if (length === 0) return refuse('OperationError', "algorithm's length cannot be 0")
      return nonEmpty({
        type: 'secret',
        extractable,
        algorithm: { name, hash, length },
        usages,
        handle: randomBytes(Math.floor(length / 8)),
      })
    }
  }
  if (isCurve(name)) {
    const namedCurve = String(requiredParameter(params, 'namedCurve'))
    return () => generateCurve(name, namedCurve, extractable, usages)
  }
  if (isRsa(name)) {
    const modulusLength = goIntArgument(requiredParameter(params, 'modulusLength'))
    const exponent = parameterBytes(requiredParameter(params, 'publicExponent'))
    const hash = hashParameter(params, 'digest')
    return () => generateRsa(name, modulusLength, exponent, hash, extractable, usages)
  }
  return refuse('NotImplemented', `unsupported key generation algorithm '${name}'`)
}

function generateAes(name: string, length: number, extractable: boolean, usages: readonly string[]): KeyState {
  checkUsages(
    usages,
    name === 'AES-KW' ? ['wrapKey', 'unwrapKey'] : ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'],
    false,
  )
  if (length !== 128 && length !== 192 && length !== 256) refuse('OperationError', 'invalid key length')
  return { type: 'secret', extractable, algorithm: { name, length }, usages, handle: randomBytes(length / 8) }
}

async function generateCurve(
  name: string,
  namedCurve: string,
  extractable: boolean,
  usages: readonly string[],
): Promise<KeyPairState> {
  const curve = curveNames[namedCurve]
  if (curve === undefined) return refuse('NotSupportedError', `elliptic curve ${namedCurve} is not supported`)
  if (usages.length === 0) refuse('SyntaxError', 'key usages cannot be empty')
  checkUsages(usages, name === 'ECDH' ? ['deriveKey', 'deriveBits'] : ['sign', 'verify'], false)
  const pair = await makePair('ec', { namedCurve: curve.node })
  const [ofPrivate, ofPublic] = name === 'ECDH' ? [['deriveKey', 'deriveBits'], []] : [['sign'], ['verify']]
  return pairState({ name, namedCurve }, pair, extractable, usages, ofPrivate as string[], ofPublic as string[])
}

async function generateRsa(
  name: string,
  modulusLength: number,
  exponentBytes: Buffer,
  hash: string,
  extractable: boolean,
  usages: readonly string[],
): Promise<KeyPairState> {
  const exponent =
    exponentBytes.length <= 6 && exponentBytes.length > 0 ? exponentBytes.readUIntBE(0, exponentBytes.length) : 0
  const problem =
    exponent % 2 === 0
      ? 'public exponent is even'
      : exponent < 2
        ? 'public exponent too small'
        : exponent > 2 ** 31 - 1
          ? 'public exponent too large'
          : ''
  if (problem !== '') refuse('OperationError', `invalid public exponent: ${problem}`)
  if (usages.length === 0) refuse('SyntaxError', 'key usages cannot be empty')
  const oaep = name === 'RSA-OAEP'
  checkUsages(usages, oaep ? ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] : ['sign', 'verify'], true)
  const pair = await makePair('rsa', { modulusLength, publicExponent: exponent }).catch(() =>
    refuse('OperationError', 'could not generate RSA key pair'),
  )
  return pairState(
    { name, modulusLength, hash },
    pair,
    extractable,
    usages,
    [oaep ? 'decrypt' : 'sign'],
    [oaep ? 'encrypt' : 'verify'],
  )
}

function pairState(
  algorithm: KeyAlgorithm,
  pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  extractable: boolean,
  usages: readonly string[],
  ofPrivate: readonly string[],
  ofPublic: readonly string[],
): KeyPairState {
  const asked = [...new Set(usages)]
  return {
    privateKey: {
      type: 'private',
      extractable,
      algorithm,
      usages: asked.filter((u) => ofPrivate.includes(u)),
      handle: pair.privateKey,
    },
    publicKey: {
      type: 'public',
      extractable: true,
      algorithm,
      usages: asked.filter((u) => ofPublic.includes(u)),
      handle: pair.publicKey,
    },
  }
}

export type KeyData = { readonly bytes: Buffer } | { readonly jwk: Readonly<Record<string, unknown>> }

/** Reads the parameters at once; the result imports the key. */
export function keyImporter(
  name: string,
  params: unknown,
): (format: string, data: KeyData, extractable: boolean, usages: readonly string[]) => KeyState {
  if (isAes(name)) {
    return (format, data, extractable, usages) => {
      checkUsages(usages, ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'], true)
      const handle = secretBytes(format, data)
      if (![16, 24, 32].includes(handle.length)) refuse('DataError', `invalid key length ${handle.length} bytes`)
      return nonEmpty({ type: 'secret', extractable, algorithm: { name, length: 8 * handle.length }, usages, handle })
    }
  }
  if (name === 'HMAC') {
    const hash = hashParameter(params, 'generateKey')
    const given = (params as { length?: unknown }).length
    return (format, data, extractable, usages) => {
      checkUsages(usages, ['sign', 'verify'], true)
      const handle = secretBytes(format, data)
      const length = 8 * handle.length
      if (length === 0) refuse('DataError', 'key length cannot be 0')
      if (given !== undefined && given !== null && goIntArgument(given) !== length) {
        refuse('DataError', 'key length cannot be different from the length of the imported data')
      }
      return nonEmpty({ type: 'secret', extractable, algorithm: { name, hash, length }, usages, handle })
    }
  }
  if (name === 'PBKDF2') {
    return (format, data, extractable, usages) => {
      if (format !== 'raw' || !('bytes' in data)) return refuse('NotSupportedError', `invalid format: ${format}`)
      checkUsages(usages, ['deriveBits', 'deriveKey'], true)
      if (extractable) refuse('SyntaxError', 'invalid value for param extractable ')
      return nonEmpty({ type: 'secret', extractable, algorithm: { name }, usages, handle: data.bytes })
    }
  }
  const more = isCurve(name)
    ? { namedCurve: String(requiredParameter(params, 'namedCurve')) }
    : { hash: hashParameter(params, 'digest') }
  return (format, data, extractable, usages) => {
    const handle = isCurve(name)
      ? importCurve(name, more.namedCurve ?? '', format, data)
      : importRsa(name, format, data)
    const details = handle.asymmetricKeyDetails
    const size = isCurve(name) ? {} : { modulusLength: details?.modulusLength ?? 0 }
    return nonEmpty({
      type: handle.type as 'private' | 'public',
      extractable,
      algorithm: { name, ...more, ...size },
      usages,
      handle,
    })
  }
}

function secretBytes(format: string, data: KeyData): Buffer {
  if (format !== 'raw' && format !== 'jwk') return refuse('NotSupportedError', `unsupported key format ${format}`)
  if ('bytes' in data) return data.bytes
  const { kty, k } = data.jwk
  if (kty !== 'oct') return refuse('DataError', `invalid symmetric JWK: invalid key type: ${String(kty ?? '')}`)
  if (typeof k !== 'string' || k === '') return refuse('DataError', 'invalid symmetric JWK: key (k) is required')
  return Buffer.from(k, 'base64url')
}

function importCurve(name: string, namedCurve: string, format: string, data: KeyData): KeyObject {
  const problem = (what: string): string => `unable to import ${name} ${what} key data`
  const reading = (what: string, read: () => KeyObject): KeyObject => {
    let key: KeyObject
    try {
      key = read()
    } catch (error) {
      return refuse(
        'DataError',
        `${problem(what)}${format === 'raw' ? rawReason(name) : `: ${(error as Error).message}`}`,
      )
    }
    return key.asymmetricKeyType === 'ec' ? key : refuse('DataError', `a ${what} key is not an ECDSA key`)
  }
  if ('jwk' in data) return importCurveJwk(data.jwk)
  if (format === 'pkcs8')
    return reading('private', () => createPrivateKey({ key: data.bytes, format: 'der', type: 'pkcs8' }))
  if (format === 'spki')
    return reading('public', () => createPublicKey({ key: data.bytes, format: 'der', type: 'spki' }))
  const curve = curveNames[namedCurve]
  if (curve === undefined)
    return refuse('NotSupportedError', `invalid ${name === 'ECDH' ? 'ECDH' : 'elliptic'} curve ${namedCurve}`)
  return reading('public', () => {
    if (data.bytes.length !== 1 + 2 * curve.bytes || data.bytes[0] !== 4) throw new Error('no point')
    const x = data.bytes.subarray(1, 1 + curve.bytes).toString('base64url')
    const y = data.bytes.subarray(1 + curve.bytes).toString('base64url')
    return createPublicKey({ key: { kty: 'EC', crv: namedCurve, x, y }, format: 'jwk' })
  })
}

const rawReason = (name: string): string => (name === 'ECDH' ? ': crypto/ecdh: invalid public key' : '')

// k6 rejects with plain texts here, without a name.
function importCurveJwk(jwk: Readonly<Record<string, unknown>>): KeyObject {
  const wrong = (text: string): never => {
    throw new Error(`invalid EC JWK key: ${text}`)
  }
  if (jwk['kty'] !== 'EC') wrong(`invalid key type: ${String(jwk['kty'] ?? '')}`)
  if (!jwk['crv']) wrong('curve is required')
  if (!jwk['x']) wrong('coordinate X is required')
  if (!jwk['y']) wrong('coordinate Y is required')
  const curve = curveNames[String(jwk['crv'])]
  if (curve === undefined)
    throw new Error(`failed to parse elliptic curve: invalid elliptic curve ${String(jwk['crv'])}`)
  // k6 writes coordinates without leading zeros.
  const padded = (text: unknown): string => {
    const bytes = Buffer.from(String(text), 'base64url')
    return Buffer.concat([Buffer.alloc(Math.max(0, curve.bytes - bytes.length)), bytes]).toString('base64url')
  }
  const key = { kty: 'EC', crv: String(jwk['crv']), x: padded(jwk['x']), y: padded(jwk['y']) }
  return jwk['d']
    ? createPrivateKey({ key: { ...key, d: padded(jwk['d']) }, format: 'jwk' })
    : createPublicKey({ key, format: 'jwk' })
}

function importRsa(name: string, format: string, data: KeyData): KeyObject {
  if ('jwk' in data) {
    const { jwk } = data
    const wrong = (text: string): never => {
      throw new Error(`invalid RSA JWK key: ${text}`)
    }
    if (jwk['kty'] !== 'RSA') wrong(`invalid key type: ${String(jwk['kty'] ?? '')}`)
    if (!jwk['n']) wrong('modulus (n) is required')
    if (!jwk['e']) wrong('exponent (e) is required')
    const key = { ...jwk } as import('node:crypto').JsonWebKey
    return jwk['d'] ? createPrivateKey({ key, format: 'jwk' }) : createPublicKey({ key, format: 'jwk' })
  }
  if (format !== 'pkcs8' && format !== 'spki') {
    return refuse('NotSupportedError', `unsupported key format ${format} for algorithm ${name}`)
  }
  const what = format === 'pkcs8' ? 'private' : 'public'
  let key: KeyObject
  try {
    key =
      format === 'pkcs8'
        ? createPrivateKey({ key: data.bytes, format: 'der', type: 'pkcs8' })
        : createPublicKey({ key: data.bytes, format: 'der', type: 'spki' })
  } catch (error) {
    return refuse('DataError', `unable to import RSA ${what} key data: ${(error as Error).message}`)
  }
  return key.asymmetricKeyType === 'rsa' ? key : refuse('DataError', `given CryptoKey is not a ${what} RSA key`)
}

/** @returns bytes, or the members of a JSON web key */
export function exportKey(key: KeyState, format: string): Buffer | Record<string, unknown> {
  const { name } = key.algorithm
  if (!key.extractable) return refuse('InvalidAccessError', 'the key is not extractable')
  if (name === 'AES-KW' || name === 'PBKDF2') return refuse('NotSupportedError', `unsupported algorithm ${name}`)
  if (Buffer.isBuffer(key.handle)) {
    if (format === 'raw') return key.handle
    if (format !== 'jwk') return refuse('NotSupportedError', `unsupported key format ${format}`)
    const alg = name === 'HMAC' ? `HS${key.algorithm.hash?.slice(4)}` : `A${8 * key.handle.length}${name.slice(4)}`
    return { k: key.handle.toString('base64url'), kty: 'oct', ext: key.extractable, key_ops: [...key.usages], alg }
  }
  const isEc = isCurve(name)
  const wrongType = (wanted: string): never =>
    refuse(
      'InvalidAccessError',
      isEc ? `key is not a valid elliptic curve ${wanted} key` : `given CryptoKey is not a ${wanted} RSA key`,
    )
  if (format === 'jwk') {
    const { crv, d, dp, dq, e, kty, n, p, q, qi, x, y } = key.handle.export({ format: 'jwk' })
    const members = isEc ? { kty, crv, x, y, d } : { kty, n, e, d, p, q, dp, dq, qi }
    return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
  }
  if (format === 'spki' || (format === 'raw' && isEc)) {
    if (key.type !== 'public') wrongType('public')
    if (format === 'spki') return key.handle.export({ format: 'der', type: 'spki' })
    const { x, y } = key.handle.export({ format: 'jwk' })
    return Buffer.concat([Buffer.of(4), Buffer.from(x ?? '', 'base64url'), Buffer.from(y ?? '', 'base64url')])
  }
  if (format !== 'pkcs8') return refuse('NotSupportedError', `unsupported key format ${format}`)
  if (key.type !== 'private') wrongType('private')
  return key.handle.export({ format: 'der', type: 'pkcs8' })
}

function checkUsages(usages: readonly string[], allowed: readonly string[], named: boolean): void {
  for (const usage of usages) {
    if (!allowed.includes(usage)) refuse('SyntaxError', `invalid key usage${named ? `: ${usage}` : ''}`)
  }
}

function nonEmpty(key: KeyState): KeyState {
  if (key.type !== 'public' && key.usages.length === 0) {
    refuse('SyntaxError', 'usages cannot not be empty for a secret or private CryptoKey')
  }
  return key
}
