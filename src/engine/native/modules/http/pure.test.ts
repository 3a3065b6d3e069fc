import { createHash } from 'node:crypto'
import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createRealm } from '../../realm.js'
import { digestAuthorization, ntlmAuthenticate } from './auth.js'
import { encodeBody, makeFile } from './body.js'
import { decodeBody, encodeWith } from './decode.js'
import { goJsonError, hugeNumber } from './go-json-error.js'
import { durationMs, formatNumber, quote } from './go-text.js'
import { canonicalName, headerBlock, headerFault } from './headers.js'
import { md4 } from './md4.js'
import { templateUrl } from './url-template.js'
import { zstdDecompressPure, zstdStore } from './zstd.js'

describe('form bodies', () => {
  it('sorts keys, repeats arrays and formats values as k6 2.2 does', () => {
    const warnings: string[] = []
    const body = encodeBody(
      {
        b: 1,
        a: [1, 2, 'x y'],
        c: null,
        d: undefined,
        e: true,
        f: 1.5,
        g: { x: 1 },
        h: 'ü&=',
        i: 1e21,
        j: 12345678901234,
        k: 1e-7,
        l: Number.NaN,
        m: Number.POSITIVE_INFINITY,
        n: -0,
        o: new Date(0),
        p: [[1]],
        q: [{ a: 1 }],
        r: [null],
      },
      (message) => warnings.push(message),
    )
    expect(body?.data).toBe(
      'a=1&a=2&a=x+y&b=1&c=&d=&e=true&f=1.5&g=&h=%C3%BC%26%3D&i=1e%2B21&j=12345678901234&k=1e-07&l=NaN&m=%2BInf&n=-0&o=1970-01-01+00%3A00%3A00+%2B0000+UTC&p=&q=&r=',
    )
    expect(warnings.map((text) => text.split(' value')[0])).toEqual([
      'cannot urlencode a nested map[string]interface {}',
      'cannot urlencode a nested []interface {}',
      'cannot urlencode a nested map[string]interface {}',
    ])
  })

  it('sends a form with a file as multipart, and no line break out of a field name', () => {
    const realm = createRealm()
    const file = makeFile(realm, 'data', 'f".txt', 'text/x', 0)
    const body = encodeBody({ a: file, 'z\r\nX: y': 1 }, () => {})
    const boundary = /boundary=(\w{60})$/.exec(body?.contentType ?? '')?.[1]
    expect(String(body?.data)).toBe(
      `--${boundary}\r\nContent-Disposition: form-data; name="a"; filename="f\\".txt"\r\nContent-Type: text/x\r\n\r\ndata\r\n` +
        `--${boundary}\r\nContent-Disposition: form-data; name="z%0D%0AX: y"\r\n\r\n1\r\n--${boundary}--\r\n`,
    )
  })

  it.each([
    [5, 'int64'],
    [1.5, 'float64'],
    [true, 'bool'],
    [[1], '[]interface {}'],
    [() => 1, 'func(sobek.FunctionCall) sobek.Value'],
    [new Date(0), 'time.Time'],
    [new Map(), '[][2]interface {}'],
  ])('refuses %s', (value, type) => {
    expect(() => encodeBody(value, () => {})).toThrow(`unknown request body type ${type}`)
  })

  it('takes bytes of any realm as they are', () => {
    const bytes = createRealm().evaluate('new Uint8Array([1, 2, 255])', 'x.js')
    expect(encodeBody(bytes, () => {})?.data).toEqual(Buffer.from([1, 2, 255]))
    expect(encodeBody((bytes as Uint8Array).buffer, () => {})?.data).toEqual(Buffer.from([1, 2, 255]))
  })
})

describe('Go text', () => {
  it('prints numbers as %v', () => {
    expect([1e-5, 1e20, 1e21, -1.5, 100000, 0.0001].map(formatNumber)).toEqual([
      '1e-05',
      '100000000000000000000',
      '1e+21',
      '-1.5',
      '100000',
      '0.0001',
    ])
  })

  it('quotes as strconv.Quote', () => {
    expect(quote('a"\\\n\x01ü\u200b')).toBe('"a\\"\\\\\\n\\x01ü\\u200b"')
  })

  it.each([
    ['10', 10],
    ['1.5s', 1500],
    ['1m30.5s', 90_500],
    ['1d', 86_400_000],
    ['1d12h', 129_600_000],
    ['-2s', -2000],
    [250, 250],
    ['0', 0],
  ])('reads the duration %s', (text, ms) => {
    expect(durationMs(text)).toBe(ms)
  })

  it.each([
    ['abc', 'time: invalid duration "abc"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    ['5s3', 'time: missing unit in duration "5s3"'],
    [{}, 'unable to use type map[string]interface {} as a duration value'],
  ])('refuses the duration %s', (text, message) => {
    expect(() => durationMs(text)).toThrow(message)
  })
})

describe('JSON errors', () => {
  // Texts and positions were printed by `res.json()` on k6 2.2.
  it.each([
    ['<html>', "line 1, character 1 , error: invalid character '<' looking for beginning of value"],
    ['{"a":}', "line 1, character 6 , error: invalid character '}' looking for beginning of value"],
    ['{a:1}', "line 1, character 2 , error: invalid character 'a' looking for beginning of object key string"],
    ['[1,]', "line 1, character 4 , error: invalid character ']' looking for beginning of value"],
    ['{"a":1,}', "line 1, character 8 , error: invalid character '}' looking for beginning of object key string"],
    ['nul', "line 1, character 3 , error: invalid character ' ' in literal null (expecting 'l')"],
    ['"abc', 'line 1, character 4 , error: unexpected end of JSON input'],
    ['1 2', "line 1, character 3 , error: invalid character '2' after top-level value"],
    ['{"a" 1}', "line 1, character 6 , error: invalid character '1' after object key"],
    ['[1 2]', "line 1, character 4 , error: invalid character '2' after array element"],
    ['{"a":1 "b"}', `line 1, character 8 , error: invalid character '"' after object key:value pair`],
    ['"\\x"', "line 1, character 3 , error: invalid character 'x' in string escape code"],
    ['"\\u12g"', "line 1, character 6 , error: invalid character 'g' in \\u hexadecimal character escape"],
    ['01', "line 1, character 2 , error: invalid character '1' after top-level value"],
    ['1.', "line 1, character 2 , error: invalid character ' ' after decimal point in numeric literal"],
    ['1e', "line 1, character 2 , error: invalid character ' ' in exponent of numeric literal"],
    ['-', "line 1, character 1 , error: invalid character ' ' in numeric literal"],
    ['\n\n  <x', "line 3, character 3 , error: invalid character '<' looking for beginning of value"],
    ['tru3', "line 1, character 4 , error: invalid character '3' in literal true (expecting 'e')"],
    ['{"a":"\n"}', "line 2, character 1 , error: invalid character '\\n' in string literal"],
    ['é', "line 1, character 1 , error: invalid character 'Ã' looking for beginning of value"],
    ["'a'", "line 1, character 1 , error: invalid character '\\'' looking for beginning of value"],
    ['', 'line 1, character 0 , error: unexpected end of JSON input'],
    [' ', 'line 1, character 1 , error: unexpected end of JSON input'],
    ['{"é":x}', "line 1, character 6 , error: invalid character 'x' looking for beginning of value"],
  ])('says of %j what k6 says', (text, message) => {
    expect(goJsonError(text)).toBe(`cannot parse json due to an error at ${message}`)
  })

  it('survives nesting that would overflow a stack', () => {
    expect(goJsonError('['.repeat(200_000))).toContain('error')
    expect(hugeNumber('{"a":1e400,"b":"1e999"}')).toBe(
      'json: cannot unmarshal number 1e400 into Go value of type float64',
    )
  })
})

describe('content codings', () => {
  const plain = Buffer.from('hello '.repeat(20))

  it('unpacks stacked codings from the last to the first', () => {
    const packed = zlib.brotliCompressSync(zlib.gzipSync(plain))
    expect(decodeBody(packed, 'gzip, br').body).toEqual(plain)
    expect(decodeBody(zlib.deflateSync(plain), 'deflate,identity').body).toEqual(plain)
  })

  it('unpacks and packs zstd without help of Node', () => {
    expect(zstdDecompressPure(zstdStore(plain), 1000)).toEqual(plain)
    const large = Buffer.concat([Buffer.alloc(300_000), createHash('sha256').update('x').digest()])
    expect(zstdDecompressPure(zstdStore(large), 1e6)).toEqual(large)
    expect(decodeBody(encodeWith(['zstd', 'gzip', 'br', 'deflate'], plain), 'zstd,gzip,br,deflate').body).toEqual(plain)
  })

  it('says what k6 says of bytes that are not packed', () => {
    const bad = Buffer.from('garbage not compressed')
    expect(decodeBody(bad, 'gzip')).toMatchObject({
      body: null,
      errorCode: 1701,
      error: 'error decompressing response body (gzip: invalid header)',
      shown: 'error decompressing response body (error decompressing response body (gzip: invalid header))',
    })
    expect(decodeBody(bad, 'br').error).toBe('error decompressing response body (brotli: PADDING_1)')
    expect(decodeBody(bad, 'zstd').error).toBe(
      'error decompressing response body (invalid input: magic number mismatch)',
    )
  })

  it('keeps what came out of a body that was cut off', () => {
    const cut = decodeBody(zlib.gzipSync(plain).subarray(0, -6), 'gzip')
    expect(cut).toMatchObject({ errorCode: 1000, error: 'unexpected EOF' })
    expect(String(cut.body)).toBe(String(plain))
  })

  it('stops a bomb at a bound', () => {
    const bomb = zlib.brotliCompressSync(Buffer.alloc(40 * 1024 * 1024))
    expect(decodeBody(bomb, 'br')).toMatchObject({ body: null, errorCode: 1701 })
    // A frame that asks for a window of 2 GB.
    const window = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 1, 0, 0])
    expect(zstdDecompressPure(window, 1e6)).toBeUndefined()
    expect(zstdDecompressPure(zstdStore(Buffer.alloc(2_000_000)), 1e6)).toBeUndefined()
  })
})

describe('authentication', () => {
  it('answers a digest challenge as RFC 2617 shows', () => {
    const challenge =
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    const answer = digestAuthorization(challenge, 'GET', '/dir/index.html', 'Mufasa', 'Circle Of Life', '0a4f113b')
    expect(answer).toContain('response="6629fae49393a05397450978507c4ef1"')
    expect(answer).toContain('opaque="5ccc069c403ebaf9f0171e9517f40e41"')
  })

  it('answers with SHA-256 as RFC 7616 shows', () => {
    const challenge =
      'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ'
    expect(digestAuthorization(challenge, 'GET', '/dir/index.html', 'Mufasa', 'Circle of Life', cnonce)).toContain(
      'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"',
    )
  })

  it('knows MD4 (RFC 1320, A.5)', () => {
    expect(md4(Buffer.from('')).toString('hex')).toBe('31d6cfe0d16ae931b73c59d7e0c089c0')
    expect(md4(Buffer.from('message digest')).toString('hex')).toBe('d9130a8164549fe818874806e1c7014b')
    expect(md4(Buffer.from('1234567890'.repeat(8))).toString('hex')).toBe('e33b4ddc9c38f2199c3e7b164fcc0536')
  })

  it('answers an NTLM challenge as MS-NLMP 4.2.4 shows', () => {
    const info = Buffer.from('02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000', 'hex')
    const challenge = Buffer.alloc(56)
    challenge.write('NTLMSSP\0', 'latin1')
    challenge.writeUInt32LE(2, 8)
    challenge.writeUInt32LE(0xe28a8233, 20)
    Buffer.from('0123456789abcdef', 'hex').copy(challenge, 24)
    challenge.writeUInt16LE(info.length, 40)
    challenge.writeUInt32LE(56, 44)
    const client = Buffer.from('aaaaaaaaaaaaaaaa', 'hex')
    const message = ntlmAuthenticate(
      Buffer.concat([challenge, info]),
      'Domain\\User',
      'Password',
      client,
      -11_644_473_600_000,
    )
    const field = (at: number): string =>
      message?.toString('hex', message.readUInt32LE(at + 4), message.readUInt32LE(at + 4) + message.readUInt16LE(at)) ??
      ''
    expect(field(12)).toBe('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa')
    expect(field(20).slice(0, 32)).toBe('68cd0ab851e51c96aabc927bebef6a1c')
    expect(ntlmAuthenticate(Buffer.from('short'), 'a', 'b', client, 0)).toBeUndefined()
  })
})

describe('headers', () => {
  it('makes names canonical as Go does', () => {
    expect(['x-request-id', 'ETAG', 'www-AUTHENTICATE', 'bad header'].map(canonicalName)).toEqual([
      'X-Request-Id',
      'Etag',
      'Www-Authenticate',
      'bad header',
    ])
  })

  it('lets no header through that would be more than one', () => {
    expect(headerFault(new Map([['Bad', 'x\ny']]))).toBe('net/http: invalid header field value for "Bad"')
    expect(headerFault(new Map([['bad header', 'x']]))).toBe('net/http: invalid header field name "bad header"')
    expect(headerFault(new Map([['Ok', 'ü\t!']]))).toBeUndefined()
  })

  it('writes headers in the order of Go', () => {
    const headers = new Map([
      ['X-B', '2'],
      ['User-Agent', 'me'],
      ['Accept', '*/*'],
    ])
    expect(headerBlock('h:1', 'POST', headers, 4, false)).toBe(
      'Host: h:1\r\nUser-Agent: me\r\nContent-Length: 4\r\nAccept: */*\r\nX-B: 2\r\n',
    )
  })
})

describe('what goes on the wire', () => {
  it('is UTF-8, one character a byte', () => {
    expect(headerBlock('h', 'GET', new Map([['X-U', 'ü']]), undefined, false)).toBe('Host: h\r\nX-U: \xc3\xbc\r\n')
  })

  it.each(['a b', 'a\r\nX: y', 'ü', 'a/b'])('has an empty Host instead of %j', (host) => {
    expect(headerBlock(host, 'GET', new Map(), undefined, false)).toBe('Host: \r\n')
  })

  it.each(['a\r\nb: c', 'a\nb', 'a\0'])('has no header value %j', (value) => {
    expect(headerFault(new Map([['X-U', value]]))).toBe('net/http: invalid header field value for "X-U"')
  })

  it.each(['X U', '', 'X:Y'])('has no header name %j', (name) => {
    expect(headerFault(new Map([[name, 'a']]))).toBe(`net/http: invalid header field name "${name}"`)
  })
})

describe('URL templates', () => {
  it.each([
    ['http://h/items/4711', 'http://h/items/{id}'],
    ['http://h/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301/x', 'http://h/u/{id}/x'],
    ['http://h/blob/da39a3ee5e6b4b0d3255bfef95601890afd80709', 'http://h/blob/{id}'],
    ['http://h/img/123.png?w=10&h=x', 'http://h/img/{id}?w={value}&h={value}'],
    ['http://h:8080/api/v1/health', 'http://h:8080/api/v1/health'],
    ['http://h/users/user-4711', 'http://h/users/{id}'],
    ['http://h/', 'http://h/'],
  ])('takes the identity out of %s', (url, template) => {
    expect(templateUrl(url)).toBe(template)
  })
})
