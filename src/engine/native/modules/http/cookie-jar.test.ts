import { describe, expect, it } from 'vitest'
import { CookieStore, cookiePair, cookieTimeMs, parseSetCookie } from './cookie-jar.js'
import { parseGoUrl } from './go-url.js'

const set = (jar: CookieStore, url: string, ...lines: string[]): void =>
  jar.set(
    parseGoUrl(url),
    lines.map((line) => parseSetCookie(line)).filter((cookie) => cookie !== undefined),
    1000,
  )
const sent = (jar: CookieStore, url: string, nowMs = 1000): string =>
  jar
    .cookies(parseGoUrl(url), nowMs)
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ')

describe('Set-Cookie', () => {
  it('reads every attribute as Go does', () => {
    expect(parseSetCookie('a=b; Path=/x; HttpOnly; Max-Age=5; Secure; Domain=.x.com')).toEqual({
      name: 'a',
      value: 'b',
      domain: '.x.com',
      path: '/x',
      httpOnly: true,
      secure: true,
      maxAge: 5,
      expiresMs: undefined,
    })
    expect(parseSetCookie('q="w w"; Expires=Wed, 21 Oct 2026 07:28:00 GMT')?.expiresMs).toBe(1792567680000)
    expect(parseSetCookie('z=; max-age=0')?.maxAge).toBe(-1)
  })

  it('drops a line without a name or with bytes that may not stand in a value', () => {
    expect(parseSetCookie('bad')).toBeUndefined()
    expect(parseSetCookie('a b=1')).toBeUndefined()
    expect(parseSetCookie('a=x\\y')).toBeUndefined()
    expect(parseSetCookie('a=ü')).toBeUndefined()
  })

  it('reads both forms of date and nothing else', () => {
    expect(cookieTimeMs('Wed, 21-Oct-2026 07:28:00 GMT')).toBe(1792567680000)
    expect(cookieTimeMs('Wed, 31 Feb 2026 07:28:00 GMT')).toBeUndefined()
    expect(cookieTimeMs('tomorrow')).toBeUndefined()
  })
})

describe('CookieStore', () => {
  it('sends longest path first, then oldest', () => {
    const jar = new CookieStore()
    set(jar, 'http://h.x/a/b', 'one=1; Path=/', 'two=2; Path=/a', 'three=3; Path=/')
    expect(sent(jar, 'http://h.x/a/c')).toBe('two=2; one=1; three=3')
    set(jar, 'http://h.x/', 'one=9; Path=/')
    expect(sent(jar, 'http://h.x/')).toBe('one=9; three=3')
  })

  it('keeps a host cookie to its host and a domain cookie to its domain', () => {
    const jar = new CookieStore()
    set(jar, 'http://a.x.com/', 'host=1', 'dom=2; Domain=x.com', 'other=3; Domain=y.com')
    expect(sent(jar, 'http://b.x.com/')).toBe('dom=2')
    expect(sent(jar, 'http://a.x.com/')).toBe('host=1; dom=2')
    expect(sent(jar, 'http://evilx.com/')).toBe('')
  })

  it('sends secure cookies over https only, and none by another scheme', () => {
    const jar = new CookieStore()
    set(jar, 'https://h.x/', 's=1; Secure')
    expect(sent(jar, 'http://h.x/')).toBe('')
    expect(sent(jar, 'https://h.x/')).toBe('s=1')
    expect(sent(jar, 'ftp://h.x/')).toBe('')
  })

  it('forgets at Max-Age, which counts before Expires', () => {
    const jar = new CookieStore()
    set(jar, 'http://h.x/', 'a=1; Max-Age=5; Expires=Wed, 21 Oct 2000 07:28:00 GMT')
    expect(sent(jar, 'http://h.x/', 5999)).toBe('a=1')
    expect(sent(jar, 'http://h.x/', 6000)).toBe('')
    set(jar, 'http://h.x/', 'b=1')
    set(jar, 'http://h.x/', 'b=1; Max-Age=0')
    expect(sent(jar, 'http://h.x/')).toBe('')
  })

  it('takes the directory of the request as the default path', () => {
    const jar = new CookieStore()
    set(jar, 'http://h.x/a/b/c', 'd=1')
    expect(sent(jar, 'http://h.x/a/b')).toBe('d=1')
    expect(sent(jar, 'http://h.x/a/bc')).toBe('')
  })

  it('stays bounded under a server that sets ever new cookies', () => {
    const jar = new CookieStore()
    for (let i = 0; i < 10_000; i++) set(jar, 'http://h.x/', `c${i}=1`)
    expect(jar.size).toBe(3000)
    set(jar, 'http://h.x/', `big=${'x'.repeat(20_000)}`)
    expect(sent(jar, 'http://h.x/').includes('big')).toBe(false)
  })

  it('quotes and cleans what a script sends', () => {
    expect(cookiePair('e', 'sp ace;x"')).toBe('e="sp acex"')
    expect(cookiePair('a\r\nb', 'v')).toBe('a--b=v')
  })
})
