/** Encrypting, signing and deriving with node:crypto, with k6's checks in k6's order and words. */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHmac,
  diffieHellman,
  type KeyObject,
  pbkdf2,
  privateDecrypt,
  publicEncrypt,
  sign as signData,
  timingSafeEqual,
  verify as verifyData,
} from 'node:crypto'
import { promisify } from 'node:util'
import { goIntArgument } from '../encoding/go-values.js'
import {
  algorithmName,
  CryptoRefusal,
  hashParameter,
  nodeHash,
  parameter,
  parameterBytes,
  requiredParameter,
} from './algorithms.js'
import type { KeyState } from './keys.js'

const refuse = (name: string, message: string): never => {
  throw new CryptoRefusal(name, message)
}
const deriveBytes = promisify(pbkdf2)

export type Cipher = (key: KeyState, data: Buffer) => Buffer

export function cipher(name: string, params: unknown, encrypting: boolean): Cipher {
  const member = (key: string): unknown =>
    typeof params === 'object' ? (params as Record<string, unknown> | null)?.[key] : undefined
  switch (name) {
    case 'AES-CBC': {
      const iv = parameterBytes(member('iv'))
      return (key, data) => cbc(key.handle as Buffer, iv, data, encrypting)
    }
    case 'AES-CTR': {
      const counter = parameterBytes(member('counter'))
      const length = goIntArgument(member('length'))
      return (key, data) => ctr(key.handle as Buffer, counter, length, data, encrypting)
    }
    case 'AES-GCM': {
      const options = {
        iv: parameterBytes(member('iv')),
        additionalData: parameterBytes(member('additionalData')),
        tagLength: goIntArgument(member('tagLength')),
      }
      return (key, data) =>
        encrypting ? sealGcm(key.handle as Buffer, data, options) : openGcm(key.handle as Buffer, data, options)
    }
    case 'RSA-OAEP': {
      const label = parameterBytes(member('label'))
      return (key, data) => oaep(key, label, data, encrypting)
    }
    default:
      return refuse('NotSupportedError', `unsupported algorithm ${name}`)
  }
}

function cbc(key: Buffer, iv: Buffer, data: Buffer, encrypting: boolean): Buffer {
  if (iv.length !== 16) {
    refuse('OperationError', encrypting ? 'iv length is not 16 bytes' : 'iv length is invalid, should be 16 bytes')
  }
  if (encrypting && data.length === 0) refuse('OperationError', 'could not pad plaintext')
  const algorithm = `aes-${8 * key.length}-cbc`
  const machine = encrypting ? createCipheriv(algorithm, key, iv) : createDecipheriv(algorithm, key, iv)
  try {
    return Buffer.concat([machine.update(data), machine.final()])
  } catch {
    return refuse('OperationError', 'invalid padding')
  }
}

function ctr(key: Buffer, counter: Buffer, length: number, data: Buffer, encrypting: boolean): Buffer {
  if (counter.length !== 16) {
    refuse(
      'OperationError',
      encrypting ? 'counter length is not 16 bytes' : 'counter length is invalid, should be 16 bytes',
    )
  }
  if (length <= 0 || length > 128) {
    refuse(
      'OperationError',
      encrypting
        ? 'invalid counter length, out of the 0 < x < 128 bounds'
        : 'invalid length, should be within 1 <= length <= 128 bounds',
    )
  }
  // As in k6 the whole block counts, whatever `length` says.
  const machine = createCipheriv(`aes-${8 * key.length}-ctr`, key, counter)
  return Buffer.concat([machine.update(data), machine.final()])
}

interface GcmOptions {
  readonly iv: Buffer
  readonly additionalData: Buffer
  readonly tagLength: number
}
const tagLengths = [96, 104, 112, 120, 128]

function sealGcm(key: Buffer, data: Buffer, { iv, additionalData, tagLength }: GcmOptions): Buffer {
  if (iv.length !== 12) refuse('NotSupportedError', 'only 12 bytes long iv are supported')
  const bits = tagLength === 0 ? 128 : tagLength
  if (bits === 32 || bits === 64) refuse('NotSupportedError', 'tag length 32 and 64 are not supported')
  if (!tagLengths.includes(bits))
    refuse('OperationError', 'invalid tag length, should be one of 96, 104, 112, 120, 128')
  const machine = createCipheriv(gcmName(key), key, iv, { authTagLength: bits / 8 })
  machine.setAAD(additionalData)
  return Buffer.concat([machine.update(data), machine.final(), machine.getAuthTag()])
}

function openGcm(key: Buffer, data: Buffer, { iv, additionalData, tagLength }: GcmOptions): Buffer {
  const bits = tagLength === 0 ? 128 : tagLength
  if (bits === 32 || bits === 64)
    refuse('OperationError', 'invalid tag length, should be within 96 <= length <= 128 bounds')
  if (!tagLengths.includes(bits))
    refuse('OperationError', 'invalid tag length, accepted values are 96, 104, 112, 120, 128')
  if (data.length * 8 < bits) refuse('OperationError', 'ciphertext is too short')
  if (iv.length < 1) refuse('OperationError', 'iv length is too long')
  const end = data.length - bits / 8
  try {
    const machine = createDecipheriv(gcmName(key), key, iv, { authTagLength: bits / 8 })
    machine.setAAD(additionalData)
    machine.setAuthTag(data.subarray(end))
    return Buffer.concat([machine.update(data.subarray(0, end)), machine.final()])
  } catch {
    return refuse('OperationError', 'could not decrypt ciphertext')
  }
}

const gcmName = (key: Buffer): 'aes-128-gcm' => `aes-${8 * key.length}-gcm` as 'aes-128-gcm'

function oaep(key: KeyState, label: Buffer, data: Buffer, encrypting: boolean): Buffer {
  const wanted = encrypting ? 'public' : 'private'
  if (key.type !== wanted) refuse('InvalidAccessError', `given CryptoKey is not a ${wanted} RSA key`)
  const options = {
    key: key.handle as KeyObject,
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: nodeHash(key.algorithm.hash ?? ''),
    oaepLabel: label,
  }
  try {
    return encrypting ? publicEncrypt(options, data) : privateDecrypt(options, data)
  } catch {
    return encrypting
      ? refuse('OperationError', 'could not encrypt data: crypto/rsa: message too long for RSA key size')
      : refuse('OperationError', 'could not decrypt data: crypto/rsa: decryption error')
  }
}

export interface Signer {
  sign(key: KeyState, data: Buffer): Buffer
  verify(key: KeyState, signature: Buffer, data: Buffer): boolean
}

export function signer(name: string, params: unknown): Signer {
  if (name === 'HMAC') {
    const mac = (key: KeyState, data: Buffer): Buffer =>
      createHmac(nodeHash(key.algorithm.hash ?? ''), key.handle as Buffer)
        .update(data)
        .digest()
    return {
      sign: mac,
      verify: (key, signature, data) => {
        const expected = mac(key, data)
        return expected.length === signature.length && timingSafeEqual(expected, signature)
      },
    }
  }
  if (name === 'ECDSA') {
    const hash = nodeHash(hashParameter(params, 'generateKey'))
    const input = (key: KeyState, type: string): { key: KeyObject; dsaEncoding: 'ieee-p1363' } => {
      if (key.type !== type) refuse('InvalidAccessError', `key is not a valid ECDSA ${type} key`)
      return { key: key.handle as KeyObject, dsaEncoding: 'ieee-p1363' }
    }
    return {
      sign: (key, data) => signData(hash, data, input(key, 'private')),
      verify: (key, signature, data) => verifyData(hash, data, input(key, 'public'), signature),
    }
  }
  const saltLength = name === 'RSA-PSS' ? goIntArgument(requiredParameter(params, 'saltLength')) : undefined
  const input = (
    key: KeyState,
    type: string,
    doing: string,
  ): { key: KeyObject; padding: number; saltLength?: number } => {
    if (key.type !== type) refuse('InvalidAccessError', `given CryptoKey is not a ${type} RSA key`)
    if (saltLength === 0) {
      refuse(
        'ImplementationError',
        `k6 RSA-PSS uses standard Golang SDK that doesn't supportsalt length=0 but ${doing}`,
      )
    }
    const padding = saltLength === undefined ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING
    return { key: key.handle as KeyObject, padding, ...(saltLength === undefined ? {} : { saltLength }) }
  }
  const saltOnSign = 'generates salt with maximum length . Sign result might be different.'
  const saltOnVerify = 'tries to auto-detect salt length if 0 is used. Verify result might be different.'
  return {
    sign: (key, data) => {
      try {
        return signData(nodeHash(key.algorithm.hash ?? ''), data, input(key, 'private', saltOnSign))
      } catch (error) {
        if (error instanceof CryptoRefusal) throw error
        return refuse('OperationError', `could not sign data: ${(error as Error).message}`)
      }
    },
    verify: (key, signature, data) =>
      verifyData(nodeHash(key.algorithm.hash ?? ''), data, input(key, 'public', saltOnVerify), signature),
  }
}

export type Deriver = (base: KeyState, bits: number, usage: 'deriveBits' | 'deriveKey') => Promise<Buffer>

/** @param keyOf  finds the key behind a script's CryptoKey */
export function deriver(name: string, params: unknown, keyOf: (value: unknown) => KeyState | undefined): Deriver {
  if (name === 'PBKDF2') return pbkdf2Deriver(params)
  if (name !== 'ECDH') return refuse('NotSupportedError', `unsupported algorithm for derive bits: ${name}`)
  const given = (params as { public?: unknown }).public
  if (given === undefined || given === null) return refuse('TypeError', 'algorithm does not contain a public key')
  const other = keyOf(given)
  if (other === undefined)
    return refuse('TypeError', "algorithm's public key is not a valid CryptoKey: invalid key type")
  if (other.type !== 'public') return refuse('InvalidAccessError', "algorithm's public key is not a public key")
  if (other.algorithm.name !== name) {
    return refuse(
      'InvalidAccessError',
      `algorithm name does not match public key's algorithm name: ${name} != ${other.algorithm.name}`,
    )
  }
  return async (base, bits) => {
    if (base.type !== 'private') refuse('InvalidAccessError', 'provided baseKey is not a private key')
    if (!base.usages.includes('deriveBits')) {
      refuse('InvalidAccessError', "provided baseKey does not contain the 'deriveBits' usage")
    }
    const [own, theirs] = [base.algorithm.namedCurve, other.algorithm.namedCurve]
    if (own !== theirs) refuse('InvalidAccessError', `keys have different curves ${own} and ${theirs}`)
    const secret = diffieHellman({ privateKey: base.handle as KeyObject, publicKey: other.handle as KeyObject })
    if (secret.length < bits / 8) refuse('OperationError', 'length is too large')
    return secret.subarray(0, bits / 8)
  }
}

function pbkdf2Deriver(params: unknown): Deriver {
  const hash = algorithmName(requiredParameter(params, 'hash'), 'deriveBits')
  const iterations = goIntArgument(parameter(params, 'iterations'))
  if (iterations === 0) refuse('OperationError', "number of iterations can't be 0")
  const salt = parameterBytes(parameter(params, 'salt'))
  return async (base, bits, usage) => {
    if (base.type !== 'secret') refuse('InvalidAccessError', "algorithm's password key is not a secret key")
    if (!base.usages.includes(usage))
      refuse('InvalidAccessError', `provided baseKey doesn't contain \`${usage}\` usage`)
    if (base.algorithm.name !== 'PBKDF2') refuse('OperationError', 'provided baseKey is not a valid algorithm')
    if (bits % 8 !== 0) refuse('InvalidAccessError', 'provided length of key must be a multiple of 8')
    return deriveBytes(base.handle as Buffer, salt, iterations, bits / 8, nodeHash(hash))
  }
}
