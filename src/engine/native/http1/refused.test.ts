import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Resolver } from './resolve.js'

let server: Server
beforeAll(() => new Promise<void>((done) => (server = createServer()).listen(0, '127.0.0.1', done)))
afterAll(() => void server.close())

const rules = {
  hosts: {},
  blockHostnames: [],
  blacklistIPs: [],
  dns: { ttlMs: 0, select: 'first', policy: 'preferIPv4' },
  refusedHosts: [
    { pattern: '*.stripe.invalid', why: 'this is Stripe' },
    { pattern: 'localhost', why: 'this is here' },
  ],
} as const

function resolve(
  host: string,
  hosts: Readonly<Record<string, string>> = {},
  onlyHosts: readonly string[] = [],
): Promise<string> {
  return new Promise((done) =>
    new Resolver({ ...rules, hosts, onlyHosts }).resolve(host, 443, (fault, ip) => done(fault?.detail ?? ip)),
  )
}

it('a known paid service is refused by name, with the reason', async () => {
  expect(await resolve('api.stripe.invalid')).toBe('refused: api.stripe.invalid: this is Stripe')
})

it('a name that the option hosts or the system puts elsewhere on purpose is a stand-in', async () => {
  const { port } = server.address() as AddressInfo
  expect(await resolve('api.stripe.invalid', { 'api.stripe.invalid': `127.0.0.1:${port}` })).toBe('127.0.0.1')
  expect(await resolve('localhost')).toBe('127.0.0.1')
})

it('with hosts that may be called nothing else is, by name, by address, or by a script that maps a name elsewhere', async () => {
  const only = ['127.0.0.1', '*.shop.invalid']
  expect(await resolve('127.0.0.1', {}, only)).toBe('127.0.0.1')
  expect(await resolve('10.1.2.3', {}, only)).toMatch(/^refused: 10\.1\.2\.3 is none/)
  expect(await resolve('example.invalid', {}, only)).toMatch(/^refused: example\.invalid is none/)
  expect(await resolve('a.shop.invalid', { 'a.shop.invalid': '10.1.2.3' }, only)).toMatch(/^refused: 10\.1\.2\.3/)
  expect(await resolve('pay.invalid', { 'pay.invalid': '127.0.0.1:8080' }, only)).toBe('127.0.0.1')
})
