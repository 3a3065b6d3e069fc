/**
 * The global `crypto`: k6's WebCrypto over node:crypto. Promises settle on the VU's loop; buffers, keys and errors are of
 * the script's realm. Results and refusals compared with k6 2.2.
 */
import { createHash, randomFillSync, randomUUID } from 'node:crypto'
import { types } from 'node:util'
import type { Realm, VuScope } from '../../types.js'
import { goValueError } from '../encoding/go-error.js'
import { goIntArgument, realmArray, realmObject, toArrayBuffer } from '../encoding/go-values.js'
import { algorithmName, CryptoRefusal, dataBytes, isAes, nodeHash, parameter, type Operation } from './algorithms.js'
import { exportKey, type KeyData, keyGenerator, keyImporter, type KeyPairState, type KeyState } from './keys.js'
import { cipher, deriver, signer } from './operations.js'

export function createWebCrypto(vu: VuScope): Record<string, unknown> {
  const realm = vu.realm
  const crypto = realmObject(realm, {})
  readOnly(crypto, {
    getRandomValues: (array?: unknown) => getRandomValues(realm, array),
    randomUUID: () => randomUUID(),
    subtle: readOnly(realmObject(realm, {}), subtleMethods(vu)),
    CryptoKey: realmObject(realm, { type: '', extractable: false, algorithm: null, usages: realmArray(realm, []) }),
  })
  return crypto
}

const keys = new WeakMap<object, KeyState>()
const keyOf = (value: unknown): KeyState | undefined =>
  typeof value === 'object' && value !== null ? keys.get(value) : undefined

function readOnly(
  target: Record<string, unknown>,
  members: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  for (const [name, value] of Object.entries(members)) Object.defineProperty(target, name, { value, enumerable: true })
  return target
}

function getRandomValues(realm: Realm, array: unknown): unknown {
  const accepted =
    types.isTypedArray(array) && /^(?:Uint8Clamped|(?:Int|Uint)(?:8|16|32))Array$/.test(array[Symbol.toStringTag])
  if (!accepted) throw thrownError(realm, 'TypeMismatchError', "typedArray parameter isn't a TypedArray instance")
  if (array.length > 65536) {
    throw thrownError(realm, 'QuotaExceededError', 'typedArray parameter is too big; maximum length is 65536')
  }
  // k6 puts one random byte into each element, however wide the elements are.
  const bytes = randomFillSync(new Uint8Array(array.length))
  for (let i = 0; i < bytes.length; i++) array[i] = bytes[i] as number
  return array
}

/** What k6 throws, where it does not reject: a GoError that carries the refusal as its value. */
function thrownError(realm: Realm, name: string, message: string): Error {
  return Object.assign(new realm.GoError(`${name}: ${message}`), { value: realmObject(realm, { name, message }) })
}

type Work = () => unknown
type Argument = unknown

function subtleMethods(vu: VuScope): Record<string, unknown> {
  const realm = vu.realm
  const buffer = (bytes: Buffer): ArrayBuffer => toArrayBuffer(realm, bytes)
  const usagesOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])
  const crypt = (encrypting: boolean) => (algorithm: Argument, key: Argument, data: Argument) =>
    later(vu, () => {
      const operation: Operation = encrypting ? 'encrypt' : 'decrypt'
      const bytes = dataBytes(data)
      const name = algorithmName(algorithm, operation)
      const state = usableKey(
        key,
        name,
        `${operation}'s key argument does hold not a valid CryptoKey object`,
        `${operation}'s algorithm name does not match key algorithm name`,
      )
      const run = cipher(name, algorithm, encrypting)
      if (!state.usages.includes(operation)) {
        throw new CryptoRefusal('InvalidAccessError', `${operation}'s key does not contain the '${operation}' usage`)
      }
      return () => buffer(run(state, bytes))
    })
  const signing = (
    key: Argument,
    algorithm: Argument,
    operation: 'sign' | 'verify',
  ): [ReturnType<typeof signer>, KeyState] => {
    const name = algorithmName(algorithm, operation)
    const machine = signer(name, algorithm)
    const state = usableKey(
      key,
      name,
      'key argument does hold not a valid CryptoKey object',
      'algorithm name does not match key algorithm name',
    )
    if (!state.usages.includes(operation)) {
      throw new CryptoRefusal('InvalidAccessError', `key does not contain the '${operation}' usage`)
    }
    return [machine, state]
  }
  const missing = (): never => {
    throw new realm.GoError('not implemented')
  }
  return {
    decrypt: crypt(false),
    deriveBits: (algorithm: Argument, base: Argument, length: Argument) =>
      later(vu, () => {
        const run = deriver(algorithmName(algorithm, 'deriveBits'), algorithm, keyOf)
        const state = baseKey(base)
        const bits = goIntArgument(length)
        return async () => {
          if (bits === 0) throw new CryptoRefusal('OperationError', 'length can not be 0')
          if (bits % 8 !== 0) {
            throw new CryptoRefusal('OperationError', 'currently only multiples of 8 are supported for length')
          }
          return buffer(await run(state, bits, 'deriveBits'))
        }
      }),
    deriveKey: (algorithm: Argument, base: Argument, derived: Argument, extractable: Argument, usages: Argument) =>
      later(vu, () => {
        const name = algorithmName(algorithm, 'deriveKey')
        const target = algorithmName(derived, 'importKey')
        algorithmName(derived, 'getKeyLength')
        const run = deriver(name, algorithm, keyOf)
        if (!isAes(target)) {
          throw new CryptoRefusal('NotSupportedError', `derive key function doesn't support algorithm ${target}`)
        }
        const importer = keyImporter(target, derived)
        const bits = goIntArgument(lengthOf(derived))
        const state = baseKey(base)
        return async () => {
          const bytes = await run(state, bits, 'deriveKey')
          return keyObject(realm, importer('raw', { bytes }, Boolean(extractable), usagesOf(usages)))
        }
      }),
    digest: (algorithm: Argument, data: Argument) =>
      later(vu, () => {
        if (data === undefined || data === null) {
          throw new realm.TypeError('Cannot convert undefined or null to object')
        }
        if (!ArrayBuffer.isView(data) && !types.isAnyArrayBuffer(data)) {
          throw new Error('data must be an ArrayBuffer, TypedArray, or DataView')
        }
        const bytes = dataBytes(data)
        const hash = nodeHash(algorithmName(algorithm, 'digest'))
        return () => buffer(createHash(hash).update(bytes).digest())
      }),
    encrypt: crypt(true),
    exportKey: (format: Argument, key: Argument) =>
      later(vu, () => {
        if (key === undefined || key === null) throw new realm.TypeError('Cannot convert undefined or null to object')
        const state = keyOf(key)
        if (state === undefined)
          throw new CryptoRefusal('ImplementationError', 'unable to extract CryptoKey from key object')
        return () => {
          const exported = exportKey(state, String(format))
          if (Buffer.isBuffer(exported)) return buffer(exported)
          const operations = exported['key_ops']
          return realmObject(
            realm,
            Array.isArray(operations) ? { ...exported, key_ops: realmArray(realm, operations) } : exported,
          )
        }
      }),
    generateKey: (algorithm: Argument, extractable: Argument, usages: Argument) =>
      later(vu, () => {
        const name = algorithmName(algorithm, 'generateKey')
        const make = keyGenerator(name, algorithm, Boolean(extractable), usagesOf(usages))
        return async () => {
          const made = await make()
          return 'privateKey' in made ? pairObject(realm, made) : keyObject(realm, made)
        }
      }),
    importKey: (format: Argument, data: Argument, algorithm: Argument, extractable: Argument, usages: Argument) =>
      later(vu, () => {
        const keyData = readKeyData(realm, String(format), data)
        const importer = keyImporter(algorithmName(algorithm, 'importKey'), algorithm)
        return () => keyObject(realm, importer(String(format), keyData, Boolean(extractable), usagesOf(usages)))
      }),
    sign: (algorithm: Argument, key: Argument, data: Argument) =>
      later(vu, () => {
        const bytes = dataBytes(data)
        const [machine, state] = signing(key, algorithm, 'sign')
        return () => buffer(machine.sign(state, bytes))
      }),
    // k6 has the names of these two, and nothing behind them.
    unwrapKey: missing,
    verify: (algorithm: Argument, key: Argument, signature: Argument, data: Argument) =>
      later(vu, () => {
        const signatureBytes = dataBytes(signature)
        const bytes = dataBytes(data)
        const [machine, state] = signing(key, algorithm, 'verify')
        return () => machine.verify(state, signatureBytes, bytes)
      }),
    wrapKey: missing,
  }
}

/** Checks at once, as k6 does; the work runs apart and its result arrives on the VU's loop. */
function later(vu: VuScope, prepare: () => Work): Promise<unknown> {
  const realm = vu.realm
  let work: Work
  try {
    work = prepare()
  } catch (error) {
    return realm.Promise.reject(scriptError(realm, error))
  }
  const queue = vu.loop.register()
  return new realm.Promise((resolve, reject) => {
    Promise.resolve()
      .then(work)
      .then(
        (value) => queue(() => resolve(value)),
        (error: unknown) => queue(() => reject(scriptError(realm, error))),
      )
  })
}

function scriptError(realm: Realm, error: unknown): unknown {
  if (error instanceof CryptoRefusal) {
    const { name, message } = error
    return goValueError(realm, `${name}: ${message}`, { name, message })
  }
  return error instanceof realm.Error ? error : goValueError(realm, (error as Error).message, {})
}

function usableKey(value: unknown, name: string, notAKey: string, otherName: string): KeyState {
  if (typeof value !== 'object' || value === null) throw new CryptoRefusal('InvalidAccessError', notAKey)
  const state = keyOf(value)
  if (state === undefined) {
    parameter(value, 'algorithm')
    throw new CryptoRefusal('InvalidAccessError', notAKey)
  }
  if (state.algorithm.name !== name) throw new CryptoRefusal('InvalidAccessError', otherName)
  return state
}

function baseKey(value: unknown): KeyState {
  const state = keyOf(value)
  if (state === undefined)
    throw new CryptoRefusal('InvalidAccessError', 'provided baseKey is not a valid CryptoKey: invalid key type')
  return state
}

function lengthOf(algorithm: unknown): unknown {
  try {
    return parameter(algorithm, 'length')
  } catch {
    throw new CryptoRefusal('OperationError', 'aes length parameter not specified')
  }
}

function readKeyData(realm: Realm, format: string, data: unknown): KeyData {
  if (format === 'raw' || format === 'pkcs8' || format === 'spki') return { bytes: dataBytes(data) }
  if (format !== 'jwk') throw new CryptoRefusal('ImplementationError', `unsupported format ${format}`)
  return { jwk: JSON.parse(realm.JSON.stringify(data) ?? '{}') as Record<string, unknown> }
}

function pairObject(realm: Realm, pair: KeyPairState): object {
  return realmObject(realm, {
    privateKey: keyObject(realm, pair.privateKey),
    publicKey: keyObject(realm, pair.publicKey),
  })
}

function keyObject(realm: Realm, state: KeyState): object {
  const key = realmObject(realm, {
    type: state.type,
    extractable: state.extractable,
    algorithm: algorithmObject(realm, state),
    usages: realmArray(realm, state.usages),
  })
  keys.set(key, state)
  return key
}

/** k6 shows the structs that its algorithms embed beside their own members. */
function algorithmObject(realm: Realm, { algorithm }: KeyState): object {
  const { name, length, hash, namedCurve, modulusLength } = algorithm
  const named = (value: string): object => realmObject(realm, { name: value })
  const nested = (value: string): object => realmObject(realm, { algorithm: named(value), name: value })
  if (isAes(name)) return realmObject(realm, { algorithm: named(name), name, length })
  if (name === 'PBKDF2') return realmObject(realm, { algorithm: named(name), name })
  const base = { key_algorithm: nested(name), algorithm: named(name), name }
  if (namedCurve !== undefined) return realmObject(realm, { ...base, namedCurve })
  if (modulusLength !== undefined) return realmObject(realm, { ...base, modulusLength, hash: named(hash ?? '') })
  return realmObject(realm, { ...base, hash: nested(hash ?? ''), length })
}
