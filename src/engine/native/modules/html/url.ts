/**
 * URLs as Go's net/url reads, resolves and writes them, for the `href`-like members of elements: unlike the web's URL it
 * keeps "http://host" without a slash and has no opinion on schemes. Source: RFC 3986; compared with k6 2.2.
 */
export interface GoUrl {
  readonly scheme: string
  /** Decoded; undefined when there is no user part. */
  readonly username: string | undefined
  readonly password: string | undefined
  readonly host: string
  /** Decoded. */
  readonly path: string
  /** As written, made valid. */
  readonly rawPath: string
  readonly rawQuery: string | undefined
  /** Decoded. */
  readonly fragment: string
  readonly opaque: string
  readonly hasAuthority: boolean
}

/** @returns undefined for what is no URL to Go */
export function parseGoUrl(text: string): GoUrl | undefined {
  if (hasControlCharacter(text)) return undefined
  const [beforeFragment, fragment] = cut(text, '#')
  const schemeMatch = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(beforeFragment)
  if (schemeMatch === null && beforeFragment.startsWith(':')) return undefined
  const scheme = schemeMatch === null ? '' : (schemeMatch[1] as string).toLowerCase()
  const [rest, rawQuery] = cut(beforeFragment.slice(schemeMatch === null ? 0 : (schemeMatch[0] as string).length), '?')
  const decodedFragment = decode(fragment ?? '')
  if (decodedFragment === undefined) return undefined
  const base = { scheme, rawQuery, fragment: decodedFragment, username: undefined, password: undefined, host: '' }
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...base, path: '', rawPath: '', opaque: rest, hasAuthority: false }
    if (/^[^/]*:/.test(rest)) return undefined
  }
  let authority: string | undefined
  let path = rest
  if (rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))) {
    const slash = rest.indexOf('/', 2)
    authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash)
    path = slash < 0 ? '' : rest.slice(slash)
  }
  const decodedPath = decode(path)
  if (decodedPath === undefined) return undefined
  const at = authority?.lastIndexOf('@') ?? -1
  const host = authority?.slice(at + 1) ?? ''
  if (/[ "<>\\^`{|}]/.test(host) || !/^(?:[^:]*|\[.*\])(?::\d*)?$/.test(host)) return undefined
  const [username, password] = at < 0 ? [undefined, undefined] : cut((authority as string).slice(0, at), ':')
  return {
    ...base,
    username: username === undefined ? undefined : decode(username),
    password: password === undefined ? undefined : decode(password),
    host,
    path: decodedPath,
    rawPath: encodePath(path),
    opaque: '',
    hasAuthority: authority !== undefined,
  }
}

/** RFC 3986, 5.2.2. */
export function resolveGoUrl(base: GoUrl, reference: GoUrl): GoUrl {
  if (reference.scheme !== '' || reference.hasAuthority) {
    const path = reference.opaque === '' ? removeDots(reference.rawPath, '') : ''
    return {
      ...reference,
      scheme: reference.scheme === '' ? base.scheme : reference.scheme,
      rawPath: path,
      path: decode(path) ?? path,
    }
  }
  const empty = reference.rawPath === '' && reference.rawQuery === undefined
  const path = removeDots(base.rawPath, reference.rawPath)
  return {
    ...base,
    rawPath: path,
    path: decode(path) ?? path,
    rawQuery: empty ? base.rawQuery : reference.rawQuery,
    fragment: empty && reference.fragment === '' ? base.fragment : reference.fragment,
  }
}

export function goUrlText(url: GoUrl): string {
  let text = url.scheme === '' ? '' : `${url.scheme}:`
  if (url.opaque !== '') text += url.opaque
  else {
    if (url.hasAuthority || url.host !== '' || (url.scheme === 'file' && url.rawPath !== '')) {
      const password = url.password === undefined ? '' : `:${encodeUser(url.password)}`
      text += `//${url.username === undefined ? '' : `${encodeUser(url.username)}${password}@`}${url.host}`
    }
    text += url.rawPath
  }
  if (url.rawQuery !== undefined) text += `?${url.rawQuery}`
  return url.fragment === '' ? text : `${text}#${encodeFragment(url.fragment)}`
}

function removeDots(base: string, reference: string): string {
  const full =
    reference === ''
      ? base
      : reference.startsWith('/')
        ? reference
        : base.slice(0, base.lastIndexOf('/') + 1) + reference
  if (full === '') return ''
  const kept: string[] = []
  const segments = full.split('/')
  segments.forEach((segment, i) => {
    if (segment === '..') {
      if (kept.length > 1 || (kept.length === 1 && kept[0] !== '')) kept.pop()
    } else if (segment !== '.') kept.push(segment)
    if ((segment === '..' || segment === '.') && i === segments.length - 1) kept.push('')
  })
  return `/${kept.join('/').replace(/^\//, '')}`
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}

function cut(text: string, separator: string): [string, string | undefined] {
  const i = text.indexOf(separator)
  return i < 0 ? [text, undefined] : [text.slice(0, i), text.slice(i + separator.length)]
}

function decode(text: string): string | undefined {
  if (!text.includes('%')) return text
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  return Buffer.from(
    text.replace(/[^%]+|%[0-9A-Fa-f]{2}/g, (part) =>
      part.startsWith('%')
        ? String.fromCharCode(Number.parseInt(part.slice(1), 16))
        : Buffer.from(part).toString('latin1'),
    ),
    'latin1',
  ).toString()
}

function encodePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/[\]%]+/gu, encodeURIComponent)
}

function encodeFragment(text: string): string {
  return text.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/?]+/gu, encodeURIComponent)
}

function encodeUser(text: string): string {
  return text.replace(/[^A-Za-z0-9\-._~$&+,;=]+/gu, encodeURIComponent)
}
