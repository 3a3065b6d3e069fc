/** Random HTTP/1 responses, valid ones and broken ones, from a seed. */
import type { Random } from '#base/random.js'

export interface RandomResponse {
  readonly bytes: Buffer
  /** The request was a HEAD. */
  readonly head: boolean
}

export function randomResponse(random: Random): RandomResponse {
  const int = (n: number): number => Math.floor(random() * n)
  const pick = <T>(items: readonly T[]): T => items[int(items.length)] as T
  const head = int(12) === 0
  let text = ''
  while (int(8) === 0)
    text += `HTTP/1.1 ${pick(['100 Continue', '102 Processing', '103 Early Hints'])}\r\n${pick(['', 'Link: </a>\r\n'])}\r\n`
  const status = pick([200, 200, 200, 200, 201, 204, 206, 301, 302, 304, 400, 404, 500, 503])
  const version = pick(['1.1', '1.1', '1.1', '1.1', '1.0'])
  text += `HTTP/${version} ${status} ${pick(['OK', 'Not Found', 'x', ''])}\r\n`
  const fields: string[] = []
  for (let i = int(6); i > 0; i--) {
    const name = pick(['X-A', 'Server', 'date', 'ETag', 'Set-Cookie', 'Vary', 'x-long', 'Cache-Control', 'Pragma'])
    const value = pick([
      '',
      'a',
      'no-cache',
      '"x y"',
      'Sun, 22 Nov 2026 23:13:47 GMT',
      'a=b; Path=/',
      'v'.repeat(int(300)),
      '\xfc',
      'a:b,c',
    ])
    fields.push(`${name}:${pick(['', ' ', '  ', '\t'])}${value}${pick(['', '', '', ' ', '\t '])}`)
  }
  if (int(6) === 0) fields.push(`Connection: ${pick(['close', 'keep-alive', 'Close', 'keep-alive, x', 'x'])}`)
  const body = Array.from({ length: pick([0, 1, 5, 40, 300, 3000]) }, () => String.fromCharCode(int(256))).join('')
  const framing = int(5)
  let payload = body
  if (framing === 0 && version === '1.1') {
    fields.push(`${pick(['Transfer-Encoding', 'transfer-encoding'])}: ${pick(['chunked', 'Chunked'])}`)
    payload = ''
    for (let at = 0; at < body.length; ) {
      const size = 1 + int(Math.min(500, body.length - at))
      payload += `${pick(['', '0'])}${pick([size.toString(16), size.toString(16).toUpperCase()])}${pick(['', '', ';a', ';a=b', ';a="b c"'])}\r\n${body.slice(at, at + size)}\r\n`
      at += size
    }
    payload += `0\r\n${pick(['', '', '', 'X-T: 1\r\n', 'X-T: 1\r\nX-U: \r\n'])}\r\n`
  } else if (framing < 4) fields.push(`${pick(['Content-Length', 'content-length'])}: ${body.length}`)
  fields.sort(() => random() - 0.5)
  text += `${fields.map((field) => `${field}\r\n`).join('')}\r\n`
  if (!head && status !== 204 && status !== 304) text += payload
  return { bytes: Buffer.from(text, 'latin1'), head }
}

/** One to three small damages: bytes changed, removed, doubled, or replaced by what breaks parsers. */
export function mutate(input: Buffer, random: Random): Buffer {
  const int = (n: number): number => Math.floor(random() * n)
  let text = input.toString('latin1')
  for (let i = 1 + int(3); i > 0; i--) {
    // Most of what can go wrong is in the header block and around chunk borders, so most hits land early.
    const at = int(2) === 0 ? int(Math.min(text.length, 80)) : int(text.length)
    const end = Math.min(text.length, at + int(4))
    const nasty = nasties[int(nasties.length)] as string
    switch (int(5)) {
      case 0:
        text = text.slice(0, at) + nasty + text.slice(end)
        break
      case 1:
        text = text.slice(0, at) + String.fromCharCode(int(256)) + text.slice(at + 1)
        break
      case 2:
        text = text.slice(0, at) + text.slice(end)
        break
      case 3:
        text = text.slice(0, end) + text.slice(at)
        break
      default: {
        const line = text.indexOf('\r\n', at)
        text = line < 0 ? text.slice(0, at) : text.slice(0, line + 2) + nasty + text.slice(line + 2)
      }
    }
  }
  return Buffer.from(text, 'latin1')
}

const nasties = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  '-',
  '+',
  '0',
  'f',
  'ffffffffffffffff',
  '99999999999999999999',
  'Content-Length: 5\r\n',
  'Content-Length: 6\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 0x5\r\n',
  'Content-Length:\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Trailer: Content-Length\r\n',
  'Connection: close\r\n',
  ' folded\r\n',
  '\tfolded\r\n',
  'no colon here\r\n',
  ': no name\r\n',
  'HTTP/1.1 200 OK\r\n',
  'X-B : space before colon\r\n',
  'a'.repeat(5000),
]
