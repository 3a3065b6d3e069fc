import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTestScope } from '../data/testing/scope.js'
import { decodeBase64, encodeBase64 } from './base64.js'
import { goText } from './go-values.js'
import { createEncodingModule } from './index.js'

const scope = createTestScope()
const encoding = createEncodingModule(scope)
const run = (source: string): unknown => scope.run(source, { encoding: encoding['default'] })
const failure = (source: string): string =>
  run(
    `(() => { try { ${source}; return 'no error' } catch (e) { return [e, e instanceof Error].join(' ') } })()`,
  ) as string

describe('k6/encoding', () => {
  it.each([
    [`encoding.b64encode('x', undefined)`, 'eA=='],
    [`encoding.b64encode('hello?>', 'std')`, 'aGVsbG8/Pg=='],
    [`encoding.b64encode('hello?>', 'rawstd')`, 'aGVsbG8/Pg'],
    [`encoding.b64encode('hello?>', 'url')`, 'aGVsbG8_Pg=='],
    [`encoding.b64encode('hello?>', 'rawurl')`, 'aGVsbG8_Pg'],
    [`encoding.b64encode('x', 'foo')`, 'eA=='],
    [`encoding.b64encode('é\\ud800x😀')`, 'w6nvv7148J+YgA=='],
    [`encoding.b64encode(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))`, 'AgM='],
    [`encoding.b64encode(new ArrayBuffer(2))`, 'AAA='],
    [`encoding.b64decode('YW\\nI=', 'std', 's')`, 'ab'],
    [`encoding.b64decode('YWJ=', 'std', 's')`, 'ab'],
    [`encoding.b64decode('_-8=', 'url', 's')`, '\ufffd\ufffd'],
    [`encoding.b64decode(1234, 'std', 's')`, '\ufffdm\ufffd'],
    [`encoding.b64decode('YWI=', 'std').byteLength`, 2],
    [`encoding.b64decode('YWI=') instanceof ArrayBuffer`, true],
    [`encoding.b64decode().byteLength`, 0],
  ])('%s is what k6 answers', (source, expected) => {
    expect(run(source)).toBe(expected)
  })

  it.each([
    [`encoding.b64encode(5)`, 'invalid type int64, expected string, []byte or ArrayBuffer'],
    [`encoding.b64encode()`, 'invalid type <nil>, expected string, []byte or ArrayBuffer'],
    [`encoding.b64encode({})`, 'invalid type map[string]interface {}, expected string, []byte or ArrayBuffer'],
    [`encoding.b64encode([1])`, 'invalid type []interface {}, expected string, []byte or ArrayBuffer'],
    [`encoding.b64encode(new Uint16Array(1))`, 'invalid type []uint16, expected string, []byte or ArrayBuffer'],
    [`encoding.b64encode(1.5)`, 'invalid type float64, expected string, []byte or ArrayBuffer'],
    [`encoding.b64encode(-0)`, 'invalid type float64, expected string, []byte or ArrayBuffer'],
    [`encoding.b64encode(new Date(0))`, 'invalid type time.Time, expected string, []byte or ArrayBuffer'],
    [`encoding.b64encode(true)`, 'invalid type bool, expected string, []byte or ArrayBuffer'],
    [
      `encoding.b64encode(() => 1)`,
      'invalid type func(sobek.FunctionCall) sobek.Value, expected string, []byte or ArrayBuffer',
    ],
    [`encoding.b64encode(new Map())`, 'invalid type [][2]interface {}, expected string, []byte or ArrayBuffer'],
    [`encoding.b64decode('a%b')`, 'illegal base64 data at input byte 1'],
    [`encoding.b64decode('abc')`, 'illegal base64 data at input byte 0'],
    [`encoding.b64decode('YWI=', 'rawstd')`, 'illegal base64 data at input byte 3'],
    [`encoding.b64decode('YWI=YQ==')`, 'illegal base64 data at input byte 4'],
    [`encoding.b64decode('Y', 'rawstd')`, 'illegal base64 data at input byte 0'],
    [`encoding.b64decode('_w==', 'std')`, 'illegal base64 data at input byte 0'],
  ])("%s throws k6's GoError", (source, message) => {
    expect(failure(source)).toBe(`GoError: ${message} true`)
  })

  it('decodes what it encoded, whatever the bytes and the variant', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom('std', 'rawstd', 'url', 'rawurl'), (bytes, variant) => {
        expect(Array.from(decodeBase64(encodeBase64(bytes, variant), variant) as Uint8Array)).toEqual(Array.from(bytes))
      }),
    )
  })
})

describe('goText', () => {
  it('replaces every byte that is not UTF-8 by one U+FFFD, as Go does', () => {
    expect(goText(Buffer.from('61e28262', 'hex'))).toBe('a\ufffd\ufffdb')
    expect(goText(Buffer.from('f09f98', 'hex'))).toBe('\ufffd\ufffd\ufffd')
    expect(goText(Buffer.from('eda080c3a9', 'hex'))).toBe('\ufffd\ufffd\ufffdé')
    expect(goText(Buffer.from('c080', 'hex'))).toBe('\ufffd\ufffd')
  })

  it('leaves valid text alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(goText(Buffer.from(text))).toBe(text)
      }),
    )
  })
})
