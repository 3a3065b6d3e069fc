// k6: 2
const hex = (b) =>
  Array.from(new Uint8Array(b))
    .map((x) => x.toString(16).padStart(2, '0'))
    .join('')
const bytes = (text) => new TextEncoder().encode(text)
const t = async (name, fn) => {
  try {
    console.log(name, JSON.stringify(await fn()))
  } catch (e) {
    console.log(name, 'THROW', e.name, e.message ? 'text' : 'none')
  }
}
export default async function () {
  for (const name of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'])
    await t(name, async () => hex(await crypto.subtle.digest(name, bytes('abc'))))
  await t('object', async () => hex(await crypto.subtle.digest({ name: 'sha-256' }, bytes('abc'))))
  await t('unknown', () => crypto.subtle.digest('MD5', bytes('abc')))
  await t('hmac', async () => {
    const key = await crypto.subtle.importKey('raw', bytes('key'), { name: 'HMAC', hash: 'SHA-256' }, true, [
      'sign',
      'verify',
    ])
    const s = await crypto.subtle.sign('HMAC', key, bytes('data'))
    return [
      hex(s),
      await crypto.subtle.verify('HMAC', key, s, bytes('data')),
      await crypto.subtle.verify('HMAC', key, s, bytes('other')),
      key.type,
      key.extractable,
      key.usages,
      key.algorithm.name,
    ]
  })
  for (const name of ['AES-CBC', 'AES-GCM', 'AES-CTR']) {
    await t(name, async () => {
      const key = await crypto.subtle.importKey('raw', bytes('0123456789abcdef'), name, true, ['encrypt', 'decrypt'])
      const iv = bytes('fedcba9876543210')
      const how = name === 'AES-CTR' ? { name, counter: iv, length: 64 } : { name, iv }
      const c = await crypto.subtle.encrypt(how, key, bytes('secret text'))
      return [hex(c), hex(await crypto.subtle.decrypt(how, key, c)), hex(await crypto.subtle.exportKey('raw', key))]
    })
  }
  await t('ecdsa', async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
    const s = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, bytes('x'))
    const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey)
    return [
      s.byteLength,
      await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, pair.publicKey, s, bytes('x')),
      Object.keys(jwk).sort(),
      jwk.kty,
      jwk.crv,
    ]
  })
  await t('pbkdf2', async () => {
    const key = await crypto.subtle.importKey('raw', bytes('pw'), 'PBKDF2', false, ['deriveBits'])
    return hex(
      await crypto.subtle.deriveBits(
        { name: 'PBKDF2', salt: bytes('salt'), iterations: 10, hash: 'SHA-256' },
        key,
        128,
      ),
    )
  })
  await t('random', () => [crypto.randomUUID().length, crypto.getRandomValues(new Uint8Array(4)).length])
  await t('not extractable', async () =>
    crypto.subtle.exportKey(
      'raw',
      await crypto.subtle.generateKey({ name: 'AES-CBC', length: 128 }, false, ['encrypt']),
    ),
  )
  await t('bad usage', async () => crypto.subtle.generateKey({ name: 'AES-CBC', length: 128 }, false, ['sign']))
  await t('bad length', async () => crypto.subtle.generateKey({ name: 'AES-CBC', length: 100 }, false, ['encrypt']))
  await t('types', () => [typeof crypto, typeof crypto.subtle, Object.prototype.toString.call(crypto)])
}
