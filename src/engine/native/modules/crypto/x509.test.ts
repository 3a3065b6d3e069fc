import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTestScope } from '../data/testing/scope.js'
import { decodePem, parseCertificate } from './certificate.js'
import { createX509Module } from './x509.js'

const fixture = (name: string): string => readFileSync(new URL(`./testing/${name}`, import.meta.url), 'utf8')
/** What k6 2.2 printed for each certificate; big numbers as text. */
const answers = JSON.parse(fixture('k6-answers.json')) as Record<
  string,
  { altNames: unknown; issuer: unknown; subject: unknown }
>

const scope = createTestScope()
const run = (source: string, values: Record<string, unknown> = {}): unknown =>
  scope.run(source, { x509: createX509Module(scope)['default'], ...values })
const json = (source: string, pem: string): unknown =>
  JSON.parse(run(`JSON.stringify(${source}, (k, v) => typeof v === 'bigint' ? String(v) : v)`, { pem }) as string)
const failure = (source: string, pem = ''): unknown =>
  run(`(() => { try { return ${source} } catch (e) { return String(e) + ' ' + (e instanceof Error) } })()`, { pem })

describe('k6/crypto/x509', () => {
  it.each(Object.keys(answers))('reads the certificate %s as k6 does', (name) => {
    expect(json('x509.parse(pem)', fixture(`${name}.pem`))).toEqual(answers[name])
  })

  it('answers the parts by themselves, of the first certificate in the text', () => {
    const pem = `junk\n${fixture('rsa.pem')}${fixture('ec.pem')}`
    expect(json('x509.getAltNames(pem)', pem)).toEqual(answers['rsa']?.altNames)
    expect(json('x509.getIssuer(pem)', pem)).toEqual(answers['rsa']?.issuer)
    expect(json('x509.getSubject(pem)', pem)).toEqual(answers['rsa']?.subject)
    expect(json('x509.getSubject(pem).commonName', fixture('ed.pem'))).toBe('ed')
  })

  it.each([
    [`x509.parse('foo')`, 'GoError: failed to decode certificate PEM file'],
    [`x509.parse()`, 'GoError: failed to decode certificate PEM file'],
    [`x509.getSubject(new Uint8Array([1]))`, 'GoError: failed to decode certificate PEM file'],
    [`x509.parse(5)`, 'TypeError: could not convert function call parameter 0: could not convert 5 to []uint8'],
    [
      `x509.parse('-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----')`,
      'GoError: failed to parse certificate: x509: malformed certificate',
    ],
  ])("%s throws k6's error", (source, text) => {
    expect(failure(source)).toBe(`${text} true`)
  })

  it('refuses a key that k6 cannot show', () => {
    expect(failure('x509.parse(pem)', fixture('ed.pem'))).toBe('GoError: unsupported public key algorithm true')
  })
})

describe('parseCertificate', () => {
  it('never throws on a damaged certificate', () => {
    const whole = decodePem(fixture('rsa.pem')) as Uint8Array
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const damaged = Uint8Array.from(whole)
        damaged[at] = byte
        expect(() => parseCertificate(damaged.subarray(0, length))).not.toThrow()
      }),
    )
  })
})
