import { describe, expect, it } from 'vitest'
import { knownServiceOf, knownServices, refusedHosts } from '../known-services.js'
import { type CheckpointInput, type Contact, evaluateCheckpoints } from './index.js'

const nothing: CheckpointInput = {
  testData: { endpoints: [], tables: undefined, production: {}, dataRows: undefined, csvFiles: [] },
  trust: { verdict: 'trustworthy', reasons: [] },
  thirdParties: { contacts: [], allowed: [], sawTarget: true },
}
const testData = (more: Partial<CheckpointInput['testData']>) =>
  evaluateCheckpoints({ ...nothing, testData: { ...nothing.testData, ...more } })[0]
const thirdParties = (contacts: readonly Partial<Contact>[], allowed: readonly string[] = []) =>
  evaluateCheckpoints({
    ...nothing,
    thirdParties: {
      contacts: contacts.map((contact) => ({
        host: 'api.stripe.com:443',
        by: 'script',
        where: 'internet',
        isTarget: false,
        ...contact,
      })),
      allowed,
      sawTarget: true,
    },
  })[2]

describe('test data', () => {
  it('is too small where twenty ids are asked for again and again, and names the endpoint', () => {
    const checkpoint = testData({
      endpoints: [
        { endpoint: 'GET /products/:id', requests: 5000, distinct: 20, isMore: false },
        { endpoint: 'POST /login', requests: 5000, distinct: 900, isMore: false },
      ],
      csvFiles: [{ file: 'ids.csv', rows: 20 }],
    })
    expect(checkpoint?.verdict).toBe('warning')
    expect(checkpoint?.text).toContain('GET /products/:id: 20 different requests among 5,000, each 250 times')
  })

  it('is enough where ids are drawn from many, where a list has few pages, and where nothing can vary', () => {
    const checkpoint = testData({
      endpoints: [
        { endpoint: 'GET /products/:id', requests: 5000, distinct: 2000, isMore: true },
        { endpoint: 'GET /products', requests: 5000, distinct: 7, isMore: false },
        { endpoint: 'GET /', requests: 5000, distinct: 1, isMore: false },
      ],
    })
    expect(checkpoint?.verdict).toBe('ok')
  })

  it('is not judged by a handful of requests', () => {
    const endpoints = [{ endpoint: 'GET /products/:id', requests: 100, distinct: 2, isMore: false }]
    expect(testData({ endpoints })?.verdict).toBe('not-checked')
  })

  it("is too small where a table has a hundredth of production's rows, and grave where it has less", () => {
    const production = { products: 1_000_000 }
    const of = (rows: number) => testData({ production, tables: [{ table: 'products', rows }] })?.verdict
    expect([of(500_000), of(50_000), of(500)]).toEqual(['ok', 'warning', 'failed'])
  })

  it('of a table that the database does not have is said to be missing', () => {
    const checkpoint = testData({ production: { prodcuts: 10 }, tables: [{ table: 'products', rows: 10 }] })
    expect(checkpoint?.text).toContain('the plan names the table prodcuts')
  })
})

describe('third parties', () => {
  it('that are known and were reached, by whomever, fail the checkpoint', () => {
    expect(thirdParties([{ by: 'target' }])?.verdict).toBe('failed')
    expect(thirdParties([{ by: 'target' }])?.text).toMatch(
      /the target used api\.stripe\.com:443 \(Stripe\): .*payments/,
    )
    expect(thirdParties([{ where: 'refused' }])?.text).toContain('was refused')
  })

  it('that are stand-ins on this machine, or allowed, are fine', () => {
    expect(thirdParties([{ where: 'this-machine' }])?.verdict).toBe('ok')
    expect(thirdParties([{}], ['api.stripe.com'])?.verdict).toBe('ok')
    expect(thirdParties([{}], ['*.stripe.com'])?.verdict).toBe('ok')
  })

  it('that nobody declared are named; targets and private networks are not', () => {
    expect(thirdParties([{ host: 'cdn.example:443' }])?.verdict).toBe('warning')
    expect(
      thirdParties([
        { host: 'shop.example:443', isTarget: true },
        { host: '10.0.0.5:5432', where: 'private' },
      ])?.verdict,
    ).toBe('ok')
  })

  it('are known by exact names and by endings, and never by a part of another name', () => {
    expect(knownServiceOf('API.Stripe.com:443')?.name).toBe('Stripe')
    expect(knownServiceOf('email.eu-west-1.amazonaws.com')?.name).toBe('AWS SES')
    expect(['notstripe.com', 'stripe.com.evil.example', 'slack.company.example'].map(knownServiceOf)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(new Set(knownServices.map(({ name }) => name)).size).toBe(knownServices.length)
  })

  it('that are allowed are not refused, and all others still are', () => {
    const patterns = refusedHosts(['api.stripe.com']).map(({ pattern }) => pattern)
    expect(patterns).not.toContain('*.stripe.com')
    expect(patterns).toContain('*.twilio.com')
    expect(refusedHosts([])[0]?.why).toContain('perfwright mock')
  })
})

it('the injector is judged by the trust verdict', () => {
  const of = (verdict: 'trustworthy' | 'doubtful' | 'not-trustworthy') =>
    evaluateCheckpoints({ ...nothing, trust: { verdict, reasons: ['The injector was busy.'] } })[1]?.verdict
  expect([of('trustworthy'), of('doubtful'), of('not-trustworthy')]).toEqual(['ok', 'warning', 'failed'])
})
