import { describe, expect, it } from 'vitest'
import { bigIntToIp, blockContains, ipToBigInt, localIpPool, parseCidr } from './ip.js'
import { parseTarget, TargetError } from './target.js'

const failure = (url: string): unknown => {
  try {
    return parseTarget(url)
  } catch (error) {
    return error instanceof TargetError ? [error.code, error.message] : error
  }
}

describe('parseTarget', () => {
  it.each([
    ['http://h', 'h', 80, 'h', '/', 'http://h:80'],
    ['HTTPS://H.Test:8443/a/b?c=d#e', 'h.test', 8443, 'H.Test:8443', '/a/b?c=d', 'https://h.test:8443'],
    ['http://u:p@h/a b/ü?q=ü x', 'h', 80, 'h', '/a%20b/%C3%BC?q=\xc3\xbc x', 'http://h:80'],
    ['http://h?x', 'h', 80, 'h', '/?x', 'http://h:80'],
    ['http://[::1]:81/', '::1', 81, '[::1]:81', '/', 'http://[::1]:81'],
    ['http://h/%zz'.replace('%zz', '%2Fa+b'), 'h', 80, 'h', '/%2Fa+b', 'http://h:80'],
    ['http://bücher.test/', 'xn--bcher-kva.test', 80, 'xn--bcher-kva.test', '/', 'http://xn--bcher-kva.test:80'],
  ])('%s', (url, host, port, hostHeader, path, origin) => {
    expect(parseTarget(url)).toMatchObject({ host, port, hostHeader, path, origin, secure: origin.startsWith('https') })
  })

  it('answers the same object for the same text, and one origin string for one origin', () => {
    expect(parseTarget('http://same.test/x')).toBe(parseTarget('http://same.test/x'))
  })

  // Read off k6 1.8.1.
  it.each([
    ['http://[::1', 1020, 'invalid URL: parse "http://[::1": missing \']\' in host'],
    ['http://a:b/', 1020, 'invalid URL: parse "http://a:b/": invalid port ":b" after host'],
    ['http://h/x%zz', 1020, 'invalid URL: parse "http://h/x%zz": invalid URL escape "%zz"'],
    ['http://exa%41mple/', 1020, 'invalid URL: parse "http://exa%41mple/": invalid URL escape "%41"'],
    ['http://a b/', 1020, 'invalid URL: parse "http://a b/": invalid character " " in host name'],
    ['http://h/\n', 1020, 'invalid URL: parse "http://h/\\n": net/url: invalid control character in URL'],
    [':80', 1020, 'invalid URL: parse ":80": missing protocol scheme'],
    ['ftp://x/', 1000, 'unsupported protocol scheme "ftp"'],
    ['/relative', 1000, 'unsupported protocol scheme ""'],
    ['http:///x', 1000, 'http: no Host in request URL'],
    ['http://127.0.0.1:99999/', 1210, 'dial tcp: address 99999: invalid port'],
  ])('refuses %j', (url, code, message) => {
    expect(failure(url)).toEqual([code, message])
  })

  it('keeps a bounded number of targets', () => {
    const first = parseTarget('http://bound.test/0')
    for (let i = 1; i < 10_000; i++) parseTarget(`http://bound.test/${i}`)
    expect(parseTarget('http://bound.test/0')).not.toBe(first)
  })
})

describe('addresses', () => {
  it('reads and writes every form', () => {
    for (const ip of ['0.0.0.0', '255.255.255.255', '::', '::1', '2001:db8::1:0:0:1', '1::', 'fe80::1:2:3:4']) {
      expect(bigIntToIp(ipToBigInt(ip), ip.includes(':') ? 6 : 4)).toBe(ip)
    }
    expect(ipToBigInt('::ffff:1.2.3.4')).toBe(0xffff01020304n)
  })

  it('knows what is in a block', () => {
    const block = parseCidr('10.1.2.3/8')
    expect(block?.text).toBe('10.0.0.0/8')
    expect(
      ['10.255.0.1', '11.0.0.1', '::1', '::ffff:10.0.0.1'].map((ip) => block !== undefined && blockContains(block, ip)),
    ).toEqual([true, false, false, true])
    expect([parseCidr('10.0.0.0/33'), parseCidr('x/8'), parseCidr('10.0.0.0')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('spreads local addresses round and round', () => {
    const pool = localIpPool('10.0.0.1-10.0.0.2,fd00::/127,192.168.0.0/30')
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((vu) => pool?.(vu))).toEqual([
      '10.0.0.1',
      '10.0.0.1',
      '10.0.0.2',
      'fd00::',
      'fd00::1',
      '192.168.0.1',
      '192.168.0.2',
      '10.0.0.1',
    ])
    expect([localIpPool('10.0.0.2-10.0.0.1'), localIpPool('x'), localIpPool('10.0.0.1-::1')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
