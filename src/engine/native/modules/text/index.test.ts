import { describe, expect, it } from 'vitest'
import { createTestScope } from '../data/testing/scope.js'
import { createTextModule } from './index.js'

const scope = createTestScope()
const { TextEncoder, TextDecoder } = createTextModule(scope)
const run = (source: string): unknown => scope.run(source, { TextEncoder, TextDecoder })
const json = (source: string): unknown => JSON.parse(run(`JSON.stringify(${source})`) as string)
const failure = (source: string): unknown =>
  run(`(() => { try { ${source} } catch (e) { return String(e) + ' ' + (e instanceof Error) } })()`)

describe('TextEncoder', () => {
  it('encodes UTF-8 into a Uint8Array of the script', () => {
    expect(json(`Array.from(new TextEncoder().encode('é😀\\ud800'))`)).toEqual([
      195, 169, 240, 159, 152, 128, 239, 191, 189,
    ])
    expect(run(`new TextEncoder().encode() instanceof Uint8Array`)).toBe(true)
  })

  it("has k6's own members, read-only", () => {
    expect(json(`Object.keys(new TextEncoder())`)).toEqual(['encode', 'encoding'])
    expect(json(`TextEncoder()`)).toEqual({ encoding: 'utf-8' })
    expect(failure(`new TextEncoder().encoding = 'x'`)).toMatch(
      /^TypeError: Cannot assign to read only property 'encoding'/,
    )
  })
})

describe('TextDecoder', () => {
  it.each([
    ['utf8', 'utf-8'],
    [' UTF-8 ', 'utf-8'],
    ['', 'utf-8'],
    ['utf-16', 'utf-16le'],
    ['ucs-2', 'utf-16le'],
    ['utf-16be', 'utf-16be'],
  ])('knows the label %j', (label, encoding) => {
    expect(run(`new TextDecoder(${JSON.stringify(label)}).encoding`)).toBe(encoding)
  })

  it.each(['latin1', 'windows-1252', 'shift_jis', 'foo', '5'])('refuses %s, which k6 does not have', (label) => {
    expect(failure(`new TextDecoder('${label}')`)).toBe(`RangeError: unsupported encoding: ${label} true`)
  })

  it('decodes buffers, views, byte lists and nothing at all', () => {
    expect(
      json(`(() => { const d = new TextDecoder(); return [d.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), d.decode(), d.decode(null),
        d.decode(new DataView(new ArrayBuffer(1))), d.decode(new Uint16Array([0x6161])), d.decode([97]), d.decode('x'),
        d.decode(new Uint8Array([0xe2, 0x82, 0x61])), new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))] })()`),
    ).toEqual(['a', '', '', '\0', 'aa', 'a', 'x', '\ufffda', '\ufeffa'])
  })

  it('keeps the start of a character between streamed pieces', () => {
    expect(
      json(
        `(() => { const d = new TextDecoder(); return [d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }), d.decode(new Uint8Array([0xac]), { stream: true }), d.decode()] })()`,
      ),
    ).toEqual(['', '€', ''])
  })

  it("throws in k6's words", () => {
    expect(failure(`new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255]))`)).toBe(
      'TypeError: decoding text: invalid byte sequence true',
    )
    expect(failure(`new TextDecoder().decode({})`)).toBe(
      'GoError: data is not an ArrayBuffer, typed array, or DataView true',
    )
    expect(failure(`new TextDecoder('utf-8', 5)`)).toBe(
      'GoError: could not convert 5 to encoding.TextDecoderOptions true',
    )
  })
})
