// totp 1.0.0: time-based one-time passwords (RFC 6238, SHA-1).
import { hmac } from 'k6/crypto'

export class TOTP {
  /** @param key  the shared secret in base32 */
  constructor(key, digits = 6) {
    this.key = key
    this.digits = digits
  }

  /** A promise of the code for now; `period` and `epochOffset` in seconds. */
  async gen(period = 30, epochOffset = 0) {
    const counter = new DataView(new ArrayBuffer(8))
    counter.setBigUint64(0, BigInt(Math.floor((Date.now() / 1000 - epochOffset) / period)))
    const mac = new Uint8Array(hmac('sha1', base32(this.key).buffer, counter.buffer, 'binary'))
    const at = mac[mac.length - 1] & 15
    const number = new DataView(mac.buffer).getUint32(at) & 0x7fffffff
    return String(number % 10 ** this.digits).padStart(this.digits, '0')
  }

  async verify(totp, period = 30) {
    return totp === (await this.gen(period))
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function base32(text) {
  const bytes = []
  let bits = 0
  let value = 0
  for (const character of text.toUpperCase().replace(/[\s=-]/g, '')) {
    const digit = alphabet.indexOf(character)
    if (digit < 0) throw new Error(`the key is not base32: it has a "${character}"`)
    value = ((value << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((value >> bits) & 255)
    }
  }
  return Uint8Array.from(bytes)
}
