/** The hash functions of `k6/crypto`, by k6's names, over node:crypto. */
import { createHash, createHmac } from 'node:crypto'
import { Md4 } from './md4.js'

/** A running hash whose digest can be asked for at any time and does not end it, as in Go. */
export interface RunningHash {
  update(bytes: Uint8Array): void
  sum(): Uint8Array
}

export function isHashName(name: string): boolean {
  return Object.hasOwn(nodeNames, name)
}

export function runningHash(name: string): RunningHash {
  if (name === 'md4') return new RunningMd4()
  const hash = createHash(nodeNames[name] as string)
  return {
    update: (bytes) => void hash.update(bytes),
    sum: () => hash.copy().digest(),
  }
}

/** @param key  any length; hashed first when longer than a block (RFC 2104) */
export function runningHmac(name: string, key: Uint8Array): RunningHash {
  // node:crypto has neither MD4 nor a copy() of an Hmac, so the data waits until a digest is asked for.
  const pending: Uint8Array[] = []
  return {
    update: (bytes) => void pending.push(Uint8Array.from(bytes)),
    sum: () => {
      if (name === 'md4') return hmacMd4(key, pending)
      const hmac = createHmac(nodeNames[name] as string, key)
      for (const part of pending) hmac.update(part)
      return hmac.digest()
    },
  }
}

/** One call without state: the usual way. */
export function hashOnce(name: string, bytes: Uint8Array): Uint8Array {
  return name === 'md4'
    ? new Md4().update(bytes).digest()
    : createHash(nodeNames[name] as string)
        .update(bytes)
        .digest()
}

export function hmacOnce(name: string, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return name === 'md4'
    ? hmacMd4(key, [bytes])
    : createHmac(nodeNames[name] as string, key)
        .update(bytes)
        .digest()
}

const nodeNames: Readonly<Record<string, string>> = {
  md4: '',
  md5: 'md5',
  sha1: 'sha1',
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
  sha512_224: 'sha512-224',
  sha512_256: 'sha512-256',
  ripemd160: 'ripemd160',
}

class RunningMd4 implements RunningHash {
  readonly #parts: Uint8Array[] = []

  update(bytes: Uint8Array): void {
    this.#parts.push(Uint8Array.from(bytes))
  }

  sum(): Uint8Array {
    const hash = new Md4()
    for (const part of this.#parts) hash.update(part)
    return hash.digest()
  }
}

function hmacMd4(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const short = key.length > 64 ? new Md4().update(key).digest() : key
  const inner = new Uint8Array(64).fill(0x36)
  const outer = new Uint8Array(64).fill(0x5c)
  short.forEach((byte, i) => {
    inner[i] = 0x36 ^ byte
    outer[i] = 0x5c ^ byte
  })
  const hash = new Md4().update(inner)
  for (const part of parts) hash.update(part)
  return new Md4().update(outer).update(hash.digest()).digest()
}
