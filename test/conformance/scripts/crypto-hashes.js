import crypto from 'k6/crypto'
const t = (name, fn) => {
  try {
    const value = fn()
    console.log(name, value === undefined ? 'undefined' : JSON.stringify(value))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
export default function () {
  for (const name of ['md4', 'md5', 'sha1', 'sha256', 'sha384', 'sha512', 'sha512_224', 'sha512_256', 'ripemd160']) {
    t(name, () => crypto[name]('hello', 'hex'))
    t(`${name} hmac`, () => crypto.hmac(name, 'key', 'data', 'hex'))
    t(`${name} createHash`, () => {
      const h = crypto.createHash(name)
      h.update('hel')
      h.update('lo')
      return h.digest('base64')
    })
  }
  for (const out of ['hex', 'base64', 'base64url', 'base64rawurl', 'odd', undefined])
    t(`out ${out}`, () => crypto.sha256('x', out))
  t('binary', () => {
    const b = crypto.sha256('x', 'binary')
    return [b instanceof ArrayBuffer, b.byteLength, new Uint8Array(b)[0]]
  })
  t('bytes', () => crypto.md5(new Uint8Array([1, 2, 3]).buffer, 'hex'))
  t('hexEncode', () => [crypto.hexEncode('az'), crypto.hexEncode(new Uint8Array([255]).buffer)])
  t('random', () => [crypto.randomBytes(8).byteLength, crypto.randomBytes(0)])
  t('random negative', () => crypto.randomBytes(-1))
  t('number', () => crypto.md5(5, 'hex'))
  t('createHMAC', () => {
    const h = crypto.createHMAC('sha256', 'k')
    h.update('d')
    return [h.digest('hex'), h.digest('hex')]
  })
  t('null', () => crypto.sha1(null, 'hex'))
}
