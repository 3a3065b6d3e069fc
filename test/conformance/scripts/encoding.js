import encoding, { b64encode, b64decode } from 'k6/encoding'
const t = (name, fn) => {
  try {
    const value = fn()
    console.log(name, value === undefined ? 'undefined' : JSON.stringify(value))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
export default function () {
  for (const kind of [undefined, 'std', 'rawstd', 'url', 'rawurl', 'odd'])
    t(`encode ${kind}`, () => b64encode('a?>ž~~', kind))
  for (const kind of [undefined, 'std', 'rawstd', 'url', 'rawurl'])
    t(`decode ${kind}`, () => b64decode(b64encode('hello wo?', kind), kind, 's'))
  t('bytes', () => b64encode(new Uint8Array([0, 255, 128]).buffer))
  t('typed', () => b64encode(new Uint8Array([0, 255, 128])))
  t('buffer', () => {
    const b = b64decode('AP+A')
    return [b instanceof ArrayBuffer, Array.from(new Uint8Array(b))]
  })
  t('bad', () => b64decode('!!!', 'std', 's'))
  t('number', () => b64encode(5))
  t('nothing', () => b64encode())
  t('default', () => Object.keys(encoding).sort())
}
