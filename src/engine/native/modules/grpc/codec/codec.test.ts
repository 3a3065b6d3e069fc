import * as fc from 'fast-check'
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { createRealm } from '../../../realm.js'
import { schemaOfProtos } from '../schema/from-proto.js'
import { RealmDecoder } from './decode.js'
import { encodeMessage } from './encode.js'
import { shortFloat, wholeNumber } from './numbers.js'
import { WireReader } from './wire-reader.js'

const source = `syntax = "proto3";
  message M { double d = 1; float f = 2; int32 i = 3; int64 l = 4; uint32 u = 5; uint64 v = 6; sint32 s = 7;
    sint64 t = 8; fixed32 x = 9; fixed64 y = 10; sfixed32 z = 11; sfixed64 w = 12; bool b = 13; string c = 14;
    bytes e = 15; E g = 16; M m = 17; repeated int64 n = 18; repeated string o = 19; map<string, M> p = 20;
    map<int32, bool> q = 21; optional int32 r = 22; oneof k { string ka = 23; M kb = 24; } }
  enum E { A = 0; B = 1; C = -5; }`
const { messages } = schemaOfProtos(
  ['m'],
  (name) => (name === 'm' ? source : undefined),
  (name) => name,
)
const ours = messages.get('M')!
const theirs = protobuf.parse(source, { keepCase: true }).root.lookupType('M')
const decoder = new RealmDecoder(createRealm())

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const text = fc.string({ unit: 'binary' })
const { message } = fc.letrec((tie) => ({
  message: fc.record(
    {
      d: fc.double({ noNaN: true, noDefaultInfinity: true }),
      f: fc.float({ noNaN: true, noDefaultInfinity: true }),
      i: int32,
      l: int64,
      u: uint32,
      v: uint64,
      s: int32,
      t: int64,
      x: uint32,
      y: uint64,
      z: int32,
      w: int64,
      b: fc.boolean(),
      c: text,
      e: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')),
      g: fc.constantFrom('A', 'B', 'C'),
      m: tie('message'),
      n: fc.array(int64, { maxLength: 5 }),
      o: fc.array(text, { maxLength: 4 }),
      p: fc.dictionary(
        text.filter((key) => key !== '__proto__'),
        tie('message'),
        { maxKeys: 2 },
      ),
      q: fc.dictionary(int32.map(String), fc.boolean(), { maxKeys: 3 }),
      r: int32,
      ka: text,
    },
    { requiredKeys: [] },
  ),
}))

describe('the codec beside protobufjs', () => {
  it('writes messages that protobufjs reads alike, and reads its own', () => {
    fc.assert(
      fc.property(message as fc.Arbitrary<object>, (value) => {
        const bytes = encodeMessage(ours, value, messages, 0)
        // Through protobufjs and back: what both wire formats mean is one thing.
        const again = theirs.encode(theirs.decode(bytes)).finish()
        expect(decoder.decode(ours, again, messages)).toEqual(decoder.decode(ours, bytes, messages))
        const wanted = theirs.encode(theirs.fromObject(value)).finish()
        expect(decoder.decode(ours, wanted, messages)).toEqual(decoder.decode(ours, bytes, messages))
      }),
      { numRuns: 300 },
    )
  })
})

describe('decoding', () => {
  it('merges the pieces of a message and keeps the last member of a oneof', () => {
    const piece = (value: object): Buffer => encodeMessage(ours, value, messages, 0)
    const bytes = Buffer.concat([piece({ m: { i: 1 }, ka: 'x' }), piece({ m: { c: 'y' }, kb: { i: 2 } })])
    const read = decoder.decode(ours, bytes, messages) as Record<string, Record<string, unknown>>
    expect(read['m']).toMatchObject({ i: 1, c: 'y' })
    expect('ka' in read).toBe(false)
    expect(read['kb']?.['i']).toBe(2)
  })

  it.each([
    ['a truncated varint', [0x18, 0x80]],
    ['a length beyond the end', [0x72, 5, 65]],
    ['an end of no group', [0x1c]],
    ['field 0', [0, 0]],
    ['a varint of eleven bytes', [0x18, ...Array<number>(10).fill(0x80), 1]],
    ['a wire type that does not exist', [0x1e]],
  ])('refuses %s', (_, bytes) => {
    expect(() => decoder.decode(ours, Buffer.from(bytes), messages)).toThrow('cannot parse invalid wire-format data')
  })

  it('refuses text that is no UTF-8, and nesting without end', () => {
    expect(() => decoder.decode(ours, Buffer.from([0x72, 1, 0xff]), messages)).toThrow('invalid UTF-8')
    let deep = Buffer.alloc(0)
    for (let i = 0; i < 1100; i++) {
      const length: number[] = []
      for (let n = deep.length; ; n >>>= 7) {
        length.push(n > 127 ? (n & 127) | 128 : n)
        if (n <= 127) break
      }
      deep = Buffer.concat([Buffer.from([0x8a, 1, ...length]), deep])
    }
    expect(() => decoder.decode(ours, deep, messages)).toThrow('exceeded max recursion depth')
  })

  it('passes over fields that it does not know', () => {
    const reader = new WireReader(Buffer.from([0xfb, 7, 8, 1, 0xfc, 7]))
    reader.skip(reader.uint32(), 0)
    expect(reader.pos).toBe(6)
  })
})

describe('numbers', () => {
  it.each([
    ['1e3', 1000n],
    ['1.50e1', 15n],
    ['-0', 0n],
    ['1.5', undefined],
    ['01', undefined],
    ['', undefined],
    ['1e999', undefined],
  ])('%s as a whole number is %s', (text, value) => {
    expect(wholeNumber(text)).toBe(value)
  })

  it('shortens floats to what is the same float again', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        expect(Object.is(Math.fround(shortFloat(value)), value)).toBe(true)
      }),
    )
    expect(shortFloat(Math.fround(0.1))).toBe(0.1)
    expect(shortFloat(Math.fround(3.4e38))).toBe(3.4e38)
  })
})
