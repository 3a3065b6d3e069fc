/** Module `k6/crypto`. Texts of errors and results are k6's, verified on k6 2.2. */
import { randomFillSync } from 'node:crypto'
import type { Realm, VuScope } from '../../types.js'
import { encodeBase64 } from '../encoding/base64.js'
import { goIntArgument, goStringArgument, realmObject, toArrayBuffer, toBytes } from '../encoding/go-values.js'
import { hashOnce, hmacOnce, isHashName, type RunningHash, runningHash, runningHmac } from './hashers.js'

export { createX509Module } from './x509.js'

export function createCryptoModule(vu: VuScope): Record<string, unknown> {
  const realm = vu.realm
  const checkAlgorithm = (algorithm: unknown): string => {
    const name = goStringArgument(algorithm)
    if (!isHashName(name)) throw new realm.GoError(`invalid algorithm: ${name}`)
    return name
  }
  const once =
    (name: string) =>
    (input?: unknown, outputEncoding?: unknown): unknown =>
      encodeDigest(realm, hashOnce(name, toBytes(realm, input, `${name} failed: `)), outputEncoding)
  const functions = {
    createHash: (algorithm?: unknown) => hasher(realm, runningHash(checkAlgorithm(algorithm))),
    createHMAC: (algorithm?: unknown, key?: unknown) => {
      const name = checkAlgorithm(algorithm)
      return hasher(realm, runningHmac(name, Uint8Array.from(toBytes(realm, key))))
    },
    hmac: (algorithm?: unknown, key?: unknown, input?: unknown, outputEncoding?: unknown) => {
      const name = checkAlgorithm(algorithm)
      return encodeDigest(realm, hmacOnce(name, toBytes(realm, key), toBytes(realm, input)), outputEncoding)
    },
    md4: once('md4'),
    md5: once('md5'),
    randomBytes: (size?: unknown): ArrayBuffer => {
      const length = goIntArgument(size)
      if (length < 1) throw new realm.GoError('invalid size')
      const buffer = new realm.ArrayBuffer(length)
      randomFillSync(new Uint8Array(buffer))
      return buffer
    },
    ripemd160: once('ripemd160'),
    sha1: once('sha1'),
    sha256: once('sha256'),
    sha384: once('sha384'),
    sha512: once('sha512'),
    sha512_224: once('sha512_224'),
    sha512_256: once('sha512_256'),
    hexEncode: (input?: unknown): string => hex(toBytes(realm, input)),
  }
  return { default: functions, ...functions }
}

function hasher(realm: Realm, hash: RunningHash): Record<string, unknown> {
  return realmObject(realm, {
    digest: (outputEncoding?: unknown) => encodeDigest(realm, hash.sum(), outputEncoding),
    update: (input?: unknown) => hash.update(toBytes(realm, input)),
  })
}

function encodeDigest(realm: Realm, digest: Uint8Array, outputEncoding: unknown): unknown {
  const encoding = goStringArgument(outputEncoding)
  switch (encoding) {
    case 'hex':
      return hex(digest)
    case 'base64':
      return encodeBase64(digest, 'std')
    case 'base64url':
      return encodeBase64(digest, 'url')
    case 'base64rawurl':
      return encodeBase64(digest, 'rawurl')
    case 'binary':
      return toArrayBuffer(realm, digest)
    default:
      throw new realm.GoError(`invalid output encoding: ${encoding}`)
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
