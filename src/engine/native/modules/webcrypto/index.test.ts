import { describe, expect, it } from 'vitest'
import { createTestScope } from '../data/testing/scope.js'
import { createTextModule } from '../text/index.js'
import { createWebCrypto } from './index.js'

const helpers = `const S = crypto.subtle, enc = new TextEncoder()
  const ab = (b) => Array.from(new Uint8Array(b), (x) => x.toString(16).padStart(2, '0')).join('')
  const show = (k) => k.privateKey ? { priv: show(k.privateKey), pub: show(k.publicKey) } : { type: k.type, extractable: k.extractable, algorithm: k.algorithm, usages: k.usages }
  const raw = new Uint8Array(16).map((_, i) => i), iv = new Uint8Array(16).fill(7), iv12 = new Uint8Array(12).fill(9), pe = new Uint8Array([1, 0, 1])
  const imp = (a, u, x = true) => S.importKey('raw', raw, a, x, u)
  const ec = (curve = 'P-256', name = 'ECDSA') => S.generateKey({ name, namedCurve: curve }, true, name === 'ECDSA' ? ['sign', 'verify'] : ['deriveBits'])
  const rsa = (name, usages, hash = 'SHA-256') => S.generateKey({ name, modulusLength: 2048, publicExponent: pe, hash }, true, usages)`

async function run(source: string): Promise<unknown> {
  const scope = createTestScope()
  const values = { crypto: createWebCrypto(scope), ...createTextModule(scope) }
  return scope.run(
    `(async () => { ${helpers}
      try { return JSON.stringify(await (async () => (${source}))()) } catch (e) { return String(e) + ' ' + (e instanceof Error) } })()`,
    values,
  )
}
const json = async (source: string): Promise<unknown> => JSON.parse((await run(source)) as string)

describe('crypto', () => {
  it.each([
    [`Object.keys(crypto)`, ['getRandomValues', 'randomUUID', 'subtle', 'CryptoKey']],
    [
      `Object.keys(S)`,
      [
        'decrypt',
        'deriveBits',
        'deriveKey',
        'digest',
        'encrypt',
        'exportKey',
        'generateKey',
        'importKey',
        'sign',
        'unwrapKey',
        'verify',
        'wrapKey',
      ],
    ],
    [`/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())`, true],
    [
      `(() => { const u = new Uint32Array(64); return [crypto.getRandomValues(u) === u, u.every((x) => x < 256), u.some((x) => x > 0)] })()`,
      [true, true, true],
    ],
  ])('%s is what k6 answers', async (source, expected) => {
    expect(await json(source)).toEqual(expected)
  })

  it.each([
    ['new Float32Array(2)', "GoError: TypeMismatchError: typedArray parameter isn't a TypedArray instance true"],
    ['[]', "GoError: TypeMismatchError: typedArray parameter isn't a TypedArray instance true"],
    [
      'new Uint8Array(70000)',
      'GoError: QuotaExceededError: typedArray parameter is too big; maximum length is 65536 true',
    ],
  ])('getRandomValues(%s) is refused', async (array, text) => {
    expect(await run(`crypto.getRandomValues(${array})`)).toBe(text)
  })
})

const hmac256 = {
  key_algorithm: { algorithm: { name: 'HMAC' }, name: 'HMAC' },
  algorithm: { name: 'HMAC' },
  name: 'HMAC',
  hash: { algorithm: { name: 'SHA-256' }, name: 'SHA-256' },
}

describe('crypto.subtle', () => {
  // Values as k6 2.2 printed them.
  it.each([
    [`ab(await S.digest('SHA-1', enc.encode('hello')))`, 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'],
    [
      `ab(await S.digest({ name: 'sha-256' }, enc.encode('hello')))`,
      '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    ],
    [`ab(await S.digest('SHA-1', new Uint8Array([1, 2, 3]).subarray(1)))`, '7037807198c22a7d2b0807371d763779a84fdfcf'],
    [`(await S.digest('SHA-1', raw)) instanceof ArrayBuffer`, true],
    [
      `show(await S.generateKey({ name: 'aes-gcm', length: 256 }, true, ['encrypt', 'decrypt']))`,
      {
        type: 'secret',
        extractable: true,
        algorithm: { algorithm: { name: 'AES-GCM' }, name: 'AES-GCM', length: 256 },
        usages: ['encrypt', 'decrypt'],
      },
    ],
    [
      `show(await S.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']))`,
      { type: 'secret', extractable: false, algorithm: { ...hmac256, length: 512 }, usages: ['sign', 'verify'] },
    ],
    [
      `show(await imp({ name: 'HMAC', hash: 'SHA-256' }, ['sign']))`,
      { type: 'secret', extractable: true, algorithm: { ...hmac256, length: 128 }, usages: ['sign'] },
    ],
    [
      `show(await ec()).priv`,
      {
        type: 'private',
        extractable: true,
        algorithm: {
          key_algorithm: { algorithm: { name: 'ECDSA' }, name: 'ECDSA' },
          algorithm: { name: 'ECDSA' },
          name: 'ECDSA',
          namedCurve: 'P-256',
        },
        usages: ['sign'],
      },
    ],
    [
      `show(await rsa('RSA-OAEP', ['encrypt', 'decrypt'])).pub`,
      {
        type: 'public',
        extractable: true,
        algorithm: {
          key_algorithm: { algorithm: { name: 'RSA-OAEP' }, name: 'RSA-OAEP' },
          algorithm: { name: 'RSA-OAEP' },
          name: 'RSA-OAEP',
          modulusLength: 2048,
          hash: { name: 'SHA-256' },
        },
        usages: ['encrypt'],
      },
    ],
    [
      `ab(await S.encrypt({ name: 'AES-CBC', iv }, await imp('AES-CBC', ['encrypt']), enc.encode('hello world')))`,
      'ff7e55a713e02330cb0568c2bf338510',
    ],
    [
      `ab(await S.encrypt({ name: 'AES-CTR', counter: iv, length: 64 }, await imp('AES-CTR', ['encrypt']), enc.encode('hello world')))`,
      '91ea9dd0677eef551af22c',
    ],
    [
      `ab(await S.encrypt({ name: 'AES-GCM', iv: iv12 }, await imp('AES-GCM', ['encrypt']), enc.encode('hello world')))`,
      '54121157030b09a617d44b141ae752113cd9ab95f1095381536527',
    ],
    [
      `ab(await S.encrypt({ name: 'AES-GCM', iv: iv12, additionalData: enc.encode('ad'), tagLength: 96 }, await imp('AES-GCM', ['encrypt']), enc.encode('hello world')))`,
      '54121157030b09a617d44bde8a9d5f120d734101285290',
    ],
    [`ab(await S.exportKey('raw', await imp('AES-CBC', ['encrypt'])))`, '000102030405060708090a0b0c0d0e0f'],
    [
      `S.exportKey('jwk', await imp('AES-CBC', ['encrypt', 'decrypt']))`,
      { k: 'AAECAwQFBgcICQoLDA0ODw', kty: 'oct', ext: true, key_ops: ['encrypt', 'decrypt'], alg: 'A128CBC' },
    ],
    [
      `ab(await S.sign('HMAC', await imp({ name: 'HMAC', hash: 'SHA-256' }, ['sign']), enc.encode('hello')))`,
      '9163eb0d568a28e3994c969c9d5dfef181ccbbb0a8742b30464d4d200cbcb4f4',
    ],
    [
      `ab(await S.exportKey('raw', await S.importKey('jwk', { kty: 'oct', k: 'AAECAwQFBgcICQoLDA0ODw' }, 'AES-CBC', true, ['encrypt'])))`,
      '000102030405060708090a0b0c0d0e0f',
    ],
    [
      `ab(await S.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: raw, iterations: 1000 }, await imp('PBKDF2', ['deriveBits'], false), 256))`,
      '9b5c8d2d7ef044eeaa6e3eae1181ba9bea8ee97b2c8fcb78ca9b6311985c6d16',
    ],
    [
      `ab(await S.exportKey('raw', await S.deriveKey({ name: 'PBKDF2', hash: { name: 'SHA-512' }, salt: raw, iterations: 10 }, await imp('PBKDF2', ['deriveKey'], false), { name: 'AES-GCM', length: 256 }, true, ['encrypt'])))`,
      '5f8ac7515c6391330b62dadd2a994d77d10f975303a9a007b51985819f4ba35d',
    ],
  ])('%s is what k6 answers', async (source, expected) => {
    expect(await json(source)).toEqual(expected)
  })

  it.each([
    ["{ name: 'AES-CBC', iv }"],
    ["{ name: 'AES-CTR', counter: iv, length: 64 }"],
    ["{ name: 'AES-GCM', iv: iv12, additionalData: iv }"],
  ])('decrypts what it encrypted with %s', async (algorithm) => {
    expect(
      await json(
        `(async () => { const a = ${algorithm}, k = await imp(a.name, ['encrypt', 'decrypt']); return ab(await S.decrypt(a, k, await S.encrypt(a, k, raw))) === ab(raw) })()`,
      ),
    ).toBe(true)
  })

  it.each(['P-256', 'P-384', 'P-521'])(
    'signs and verifies with ECDSA on %s, through every key format',
    async (curve) => {
      expect(
        await json(`(async () => { const a = { name: 'ECDSA', namedCurve: '${curve}' }, h = { name: 'ECDSA', hash: 'SHA-256' }, k = await ec('${curve}')
        const s = await S.sign(h, await S.importKey('pkcs8', await S.exportKey('pkcs8', k.privateKey), a, true, ['sign']), raw), r = [s.byteLength]
        for (const f of ['raw', 'spki', 'jwk']) r.push(await S.verify(h, await S.importKey(f, await S.exportKey(f, k.publicKey), a, true, ['verify']), s, raw))
        r.push(await S.verify(h, k.publicKey, s, iv), Object.keys(await S.exportKey('jwk', k.privateKey))); return r })()`),
      ).toEqual([
        { 'P-256': 64, 'P-384': 96, 'P-521': 132 }[curve],
        true,
        true,
        true,
        false,
        ['kty', 'crv', 'x', 'y', 'd'],
      ])
    },
  )

  it.each(['RSA-PSS', 'RSASSA-PKCS1-v1_5'])('signs and verifies with %s, through every key format', async (name) => {
    expect(
      await json(`(async () => { const k = await rsa('${name}', ['sign', 'verify']), a = { name: '${name}', saltLength: 32 }, i = { name: '${name}', hash: 'SHA-256' }
        const s = await S.sign(a, await S.importKey('jwk', await S.exportKey('jwk', k.privateKey), i, true, ['sign']), raw)
        return [s.byteLength, await S.verify(a, await S.importKey('spki', await S.exportKey('spki', k.publicKey), i, true, ['verify']), s, raw), await S.verify(a, k.publicKey, s, iv)] })()`),
    ).toEqual([256, true, false])
  })

  it('encrypts with RSA-OAEP and its label', async () => {
    expect(
      await json(`(async () => { const k = await rsa('RSA-OAEP', ['encrypt', 'decrypt'], 'SHA-1'), a = { name: 'RSA-OAEP', label: iv }, c = await S.encrypt(a, k.publicKey, raw)
        return [c.byteLength, ab(await S.decrypt(a, k.privateKey, c)) === ab(raw), await S.decrypt({ name: 'RSA-OAEP' }, k.privateKey, c).catch(String), await S.encrypt(a, k.publicKey, new Uint8Array(300)).catch(String)] })()`),
    ).toEqual([
      256,
      true,
      'OperationError: could not decrypt data: crypto/rsa: decryption error',
      'OperationError: could not encrypt data: crypto/rsa: message too long for RSA key size',
    ])
  })

  it('agrees on a secret with ECDH', async () => {
    expect(
      await json(`(async () => { const a = await ec('P-256', 'ECDH'), b = await ec('P-256', 'ECDH'), d = (x, y) => S.deriveBits({ name: 'ECDH', public: x.publicKey }, y.privateKey, 256)
        const [x, y] = [await d(a, b), await d(b, a)]; return [x.byteLength, ab(x) === ab(y)] })()`),
    ).toEqual([32, true])
  })

  it.each([
    [
      `S.digest('MD5', raw)`,
      'NotSupportedError: algorithm "MD5" doesn\'t support (in implementation) operation "digest"',
    ],
    [`S.digest('SHA-1', 'hello')`, 'data must be an ArrayBuffer, TypedArray, or DataView'],
    [
      `S.digest('SHA-1', new DataView(new ArrayBuffer(2)))`,
      'OperationError: data is neither an ArrayBuffer, nor a TypedArray nor DataView',
    ],
    [`S.generateKey({ name: 'AES-CTR', length: 100 }, true, ['encrypt'])`, 'OperationError: invalid key length'],
    [
      `S.generateKey({ name: 'AES-CBC' }, true, ['encrypt'])`,
      'SyntaxError: could not get length from algorithm parameter',
    ],
    [
      `S.generateKey({ name: 'AES-CBC', length: 128 }, true, [])`,
      'SyntaxError: usages cannot not be empty for a secret or private CryptoKey',
    ],
    [`S.generateKey({ name: 'AES-CBC', length: 128 }, true, ['sign'])`, 'SyntaxError: invalid key usage'],
    [
      `S.generateKey({ name: 'HMAC', hash: 'SHA-1', length: 0 }, true, ['sign'])`,
      "OperationError: algorithm's length cannot be 0",
    ],
    [`ec('foo')`, 'NotSupportedError: elliptic curve foo is not supported'],
    [
      `S.generateKey({ name: 'RSA-PSS', modulusLength: 2048, publicExponent: new Uint8Array([2]), hash: 'SHA-256' }, true, ['sign'])`,
      'OperationError: invalid public exponent: public exponent is even',
    ],
    [`imp('PBKDF2', ['deriveBits'])`, 'SyntaxError: invalid value for param extractable '],
    [`S.importKey('raw', new Uint8Array(5), 'AES-CBC', true, ['encrypt'])`, 'DataError: invalid key length 5 bytes'],
    [`S.importKey('foo', raw, 'AES-CBC', true, ['encrypt'])`, 'ImplementationError: unsupported format foo'],
    [`S.importKey('spki', raw, 'AES-CBC', true, ['encrypt'])`, 'NotSupportedError: unsupported key format spki'],
    [
      `S.importKey('jwk', { kty: 'oct' }, 'AES-CBC', true, ['encrypt'])`,
      'DataError: invalid symmetric JWK: key (k) is required',
    ],
    [
      `S.importKey('jwk', { kty: 'RSA' }, { name: 'RSA-PSS', hash: 'SHA-256' }, true, ['verify'])`,
      'invalid RSA JWK key: modulus (n) is required',
    ],
    [
      `S.importKey('raw', raw, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])`,
      'DataError: unable to import ECDSA public key data',
    ],
    [
      `S.importKey('raw', raw, { name: 'ECDH', namedCurve: 'P-256' }, true, [])`,
      'DataError: unable to import ECDH public key data: crypto/ecdh: invalid public key',
    ],
    [
      `S.encrypt({ name: 'AES-CBC', iv: iv12 }, await imp('AES-CBC', ['encrypt']), raw)`,
      'OperationError: iv length is not 16 bytes',
    ],
    [
      `S.encrypt({ name: 'AES-CBC', iv }, await imp('AES-CBC', ['encrypt']), new ArrayBuffer(0))`,
      'OperationError: could not pad plaintext',
    ],
    [
      `S.encrypt({ name: 'AES-GCM', iv: iv12 }, await imp('AES-CBC', ['encrypt']), raw)`,
      "InvalidAccessError: encrypt's algorithm name does not match key algorithm name",
    ],
    [
      `S.decrypt({ name: 'AES-CBC', iv }, await imp('AES-CBC', ['encrypt']), raw)`,
      "InvalidAccessError: decrypt's key does not contain the 'decrypt' usage",
    ],
    [`S.decrypt({ name: 'AES-CBC', iv }, await imp('AES-CBC', ['decrypt']), raw)`, 'OperationError: invalid padding'],
    [
      `S.decrypt({ name: 'AES-GCM', iv: iv12 }, await imp('AES-GCM', ['decrypt']), new Uint8Array(3))`,
      'OperationError: ciphertext is too short',
    ],
    [`S.encrypt({ name: 'AES-CBC', iv }, {}, raw)`, 'TypeError: field algorithm is null or undefined'],
    [`S.exportKey('raw', await imp('AES-CBC', ['encrypt'], false))`, 'InvalidAccessError: the key is not extractable'],
    [`S.exportKey('raw', {})`, 'ImplementationError: unable to extract CryptoKey from key object'],
    [`S.exportKey('raw', (await ec()).privateKey)`, 'InvalidAccessError: key is not a valid elliptic curve public key'],
    [
      `S.sign('HMAC', await imp({ name: 'HMAC', hash: 'SHA-256' }, ['verify']), raw)`,
      "InvalidAccessError: key does not contain the 'sign' usage",
    ],
    [
      `S.sign({ name: 'ECDSA' }, (await ec()).privateKey, raw)`,
      'SyntaxError: could not get hash from algorithm parameter',
    ],
    [
      `S.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: raw, iterations: 0 }, await imp('PBKDF2', ['deriveBits'], false), 256)`,
      "OperationError: number of iterations can't be 0",
    ],
    [
      `S.deriveKey({ name: 'ECDH' }, {}, { name: 'AES-CBC', length: 256 }, true, ['encrypt'])`,
      'NotSupportedError: algorithm "ECDH" doesn\'t support (in implementation) operation "deriveKey"',
    ],
  ])("%s rejects in k6's words, with what is no Error", async (source, text) => {
    expect(await run(source)).toBe(`${text} false`)
  })

  it('has no key wrapping, as k6 has none', async () => {
    expect(await run(`S.wrapKey('raw', {}, {}, 'AES-KW')`)).toBe('GoError: not implemented true')
  })
})
