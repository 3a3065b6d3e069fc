import { describe, expect, it } from 'vitest'
import { goUrlText, maskedText, parseGoUrl, queryEscape, redactedText, requestUri, resolveGoUrl } from './go-url.js'

const fault = (text: string): string => {
  try {
    parseGoUrl(text)
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

describe('URLs as Go reads them', () => {
  it.each([
    ['://x', 'parse "://x": missing protocol scheme'],
    ['http://[::1', 'parse "http://[::1": missing \']\' in host'],
    ['http://127.0.0.1:abc/', 'parse "http://127.0.0.1:abc/": invalid port ":abc" after host'],
    ['http://us er@127.0.0.1/', 'parse "http://us er@127.0.0.1/": net/url: invalid userinfo'],
    ['http://127.0.0.1/%zz', 'parse "http://127.0.0.1/%zz": invalid URL escape "%zz"'],
    ['http://a b/', 'parse "http://a b/": invalid character " " in host name'],
    ['http://x/\n', 'parse "http://x/\\n": net/url: invalid control character in URL'],
  ])('refuses %s in the words of Go', (text, message) => {
    expect(fault(text)).toBe(message)
  })

  it('escapes a path where it must and sends a query as written', () => {
    const url = parseGoUrl('http://h/a b?x= y#frag')
    expect(goUrlText(url)).toBe('http://h/a%20b?x= y#frag')
    expect(requestUri(url)).toBe('/a%20b?x= y')
    expect(requestUri(parseGoUrl('http://h/ü/%2F?'))).toBe('/%C3%BC/%2F?'.replace('%2F', '/'))
    expect(requestUri(parseGoUrl('http://h/a%2Fb'))).toBe('/a%2Fb')
  })

  it.each([
    ['/to', '?q=1', 'http://h/to?q=1'],
    ['/a/to', '../x/./b#fr', 'http://h/x/b#fr'],
    ['/to', '/a b?c d', 'http://h/a%20b?c d'],
    ['/to', '//other/x', 'http://other/x'],
    ['/a/b/', '..', 'http://h/a/'],
    ['/a', 'https://z/../q', 'https://z/q'],
  ])('resolves from %s the reference %s', (base, reference, text) => {
    expect(goUrlText(resolveGoUrl(parseGoUrl(`http://h${base}`), reference))).toBe(text)
  })

  it('keeps credentials on a relative reference and hides them in tags and errors', () => {
    const url = resolveGoUrl(parseGoUrl('http://u:p%40@h/x'), '/y')
    expect(goUrlText(url)).toBe('http://u:p%40@h/y')
    expect(maskedText(url, goUrlText(url))).toBe('http://****:****@h/y')
    expect(redactedText(url)).toBe('http://u:***@h/y')
  })

  it('escapes form values as url.QueryEscape does', () => {
    expect(queryEscape("a b&ü!*'()~\ud800")).toBe('a+b%26%C3%BC%21%2A%27%28%29~%EF%BF%BD')
  })
})
