import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTestScope } from '../data/testing/scope.js'
import { createCryptoModule } from './index.js'
import { Md4 } from './md4.js'

const scope = createTestScope()
const crypto = createCryptoModule(scope)
const run = (source: string): unknown => scope.run(source, { crypto: crypto['default'] })
const failure = (source: string): string =>
  run(
    `(() => { try { ${source}; return 'no error' } catch (e) { return [e, e instanceof Error].join(' ') } })()`,
  ) as string

describe('k6/crypto', () => {
  // [hash in hex, hmac with key "key" in base64rawurl], printed by k6 2.2 for 'hello'.
  it.each([
    ['md4', '866437cb7a794bce2b727acc0362ee27', 'N0ZrOdEhhtAjHmt4M1jP5A'],
    ['md5', '5d41402abc4b2a76b9719d911017c592', 'BBMHR6_KTXnjLofPIQTwhw'],
    ['sha1', 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d', 's0zqxFFv8joUPmHXnQ-npPvl8mY'],
    [
      'sha256',
      '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      'kwezuRXvtRcf8U2MtV-8x5jGwO8UVtZt7RpqpyOli3s',
    ],
    [
      'sha384',
      '59e1748777448c69de6b800d7a33bbfb9ff1b463e44354c3553bcdb9c666fa90125a3c79f90397bdf5f6a13de828684f',
      '6sutV1wwH6aK-yba5Islv1zUL9CO0owIwnTOYt95KPASSZds2KrxqwaB06zO3JVD',
    ],
    [
      'sha512',
      '9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043',
      '_warNnV3d4FcAI0yyOFKcFtOe_MQNRoGojthLcTHQz53V9IFJaVZO3ECDqLuFi0jEbJH6YVYYrJwEiQZZSwMkg',
    ],
    [
      'sha512_224',
      'fe8509ed1fb7dcefc27e6ac1a80eddbec4cb3d2c6fe565244374061c',
      'ZfDeCSAbraGZRBYQqB5vpugFvJZoREQTmn_Dqg',
    ],
    [
      'sha512_256',
      'e30d87cfa2a75db545eac4d61baf970366a8357c7f72fa95b52d0accb698f13a',
      'YUm97ccuHLSd6dDlde1CsEypYNYGTrjTiu_LyIaGRSU',
    ],
    ['ripemd160', '108f07b8382412612c048d07d13f814118445acd', 'Q6tR-AOmiouJTLMu4Z5oVOn05Gg'],
  ])("%s and its hmac are k6's", (name, hash, hmac) => {
    expect(run(`crypto.${name}('hello', 'hex')`)).toBe(hash)
    expect(run(`crypto.hmac('${name}', 'key', 'hello', 'base64rawurl')`)).toBe(hmac)
    expect(
      run(
        `(() => { const h = crypto.createHMAC('${name}', 'key'); h.update('he'); h.update('llo'); return h.digest('base64rawurl') })()`,
      ),
    ).toBe(hmac)
  })

  it('answers every output encoding', () => {
    expect(run(`crypto.md5('hello', 'base64')`)).toBe('XUFAKrxLKna5cZ2REBfFkg==')
    expect(run(`crypto.md5('hello', 'base64url')`)).toBe('XUFAKrxLKna5cZ2REBfFkg==')
    expect(run(`crypto.md5('hello', 'binary') instanceof ArrayBuffer`)).toBe(true)
    expect(run(`crypto.md5('hello', 'binary').byteLength`)).toBe(16)
  })

  it('lets a hash go on after a digest, and update answers nothing', () => {
    expect(
      run(`(() => { const h = crypto.createHash('sha256'); const r = h.update('a'); h.update('b')
        const ab = [h.digest('hex'), h.digest('hex')]; h.update('c'); return [r, ...ab, h.digest('hex')].join(' ') })()`),
    ).toBe(
      ' fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603 fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })

  it('makes random bytes of the asked size', () => {
    expect(
      run(`[crypto.randomBytes(8), crypto.randomBytes(1.9), crypto.randomBytes('4')].map((b) => b.byteLength).join()`),
    ).toBe('8,1,4')
    expect(run(`crypto.randomBytes(8) instanceof ArrayBuffer`)).toBe(true)
  })

  it('encodes bytes in hex', () => {
    expect(
      run(
        `crypto.hexEncode('abc') + crypto.hexEncode(new Uint8Array([1, 255])) + crypto.hexEncode(new ArrayBuffer(2))`,
      ),
    ).toBe('61626301ff0000')
  })

  it.each([
    [`crypto.md5('hello')`, 'invalid output encoding: '],
    [`crypto.md5('hello', 'foo')`, 'invalid output encoding: foo'],
    [`crypto.md5(5, 'hex')`, 'md5 failed: invalid type int64, expected string, []byte or ArrayBuffer'],
    [`crypto.hmac('foo', 'k', 'd', 'hex')`, 'invalid algorithm: foo'],
    [`crypto.hmac('md5', 5, 'd', 'hex')`, 'invalid type int64, expected string, []byte or ArrayBuffer'],
    [`crypto.createHMAC('foo', 'k')`, 'invalid algorithm: foo'],
    [`crypto.createHash('sha256').update(5)`, 'invalid type int64, expected string, []byte or ArrayBuffer'],
    [`crypto.createHash('sha256').digest()`, 'invalid output encoding: '],
    [`crypto.randomBytes(0)`, 'invalid size'],
    [`crypto.randomBytes()`, 'invalid size'],
    [`crypto.hexEncode([1])`, 'invalid type []interface {}, expected string, []byte or ArrayBuffer'],
  ])("%s throws k6's GoError", (source, message) => {
    expect(failure(source)).toBe(`GoError: ${message} true`)
  })
})

describe('Md4', () => {
  const hex = (text: string): string => Buffer.from(new Md4().update(Buffer.from(text)).digest()).toString('hex')

  // RFC 1320, appendix A.5.
  it.each([
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    [
      '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
      'e33b4ddc9c38f2199c3e7b164fcc0536',
    ],
  ])('hashes %j as RFC 1320 says', (text, expected) => {
    expect(hex(text)).toBe(expected)
  })

  it('does not care how the bytes are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
        const whole = new Md4().update(bytes).digest()
        expect(new Md4().update(bytes.subarray(0, cut)).update(bytes.subarray(cut)).digest()).toEqual(whole)
      }),
    )
  })
})
