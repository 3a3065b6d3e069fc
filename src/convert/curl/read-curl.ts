/** curl's command lines (https://curl.se/docs/manpage.html) as recorded requests, in the order in which they stand. */
import { brokenInput, nothingToConvert } from '../errors.js'
import { decodeText, encodeText } from '../input/bytes.js'
import { lineAndColumn } from '../input/json.js'
import type { Exchange, Pair, RecordedBody, RecordedPart, Recording } from '../recording/types.js'
import { OPTIONS, SHORT } from './options.js'
import { shellCommands } from './shell-words.js'

export interface CurlRecording extends Recording {
  /** Some command has -k: certificates are not checked. */
  readonly insecure: boolean
}

export function readCurl(text: string, name: string): CurlRecording {
  const notes: string[] = []
  const exchanges: Exchange[] = []
  let insecure = false
  for (const command of shellCommands(text, name)) {
    const at = command.words.findIndex((word) => /(?:^|[/\\])curl(?:\.exe)?$/.test(word))
    // `FOO=bar curl`, `time curl`, `$ curl` of a copied terminal.
    if (at < 0 || at > 3) continue
    const where = `${name}:${lineAndColumn(text, command.offset)}`
    for (const words of operations(command.words.slice(at + 1))) {
      const request = readRequest(words, where, notes)
      insecure ||= request.insecure
      exchanges.push(...request.exchanges)
    }
  }
  if (exchanges.length === 0)
    throw nothingToConvert(
      'There is no curl command with a URL.',
      name,
      "write one per line: curl 'https://host/path' -H 'Name: value'",
    )
  return { exchanges, pages: new Map(), notes, insecure }
}

/** `--next` begins another request on the same line. */
function operations(words: readonly string[]): string[][] {
  const parts: string[][] = [[]]
  for (const word of words) {
    if (word === '--next' || word === '-:') parts.push([])
    else parts.at(-1)?.push(word)
  }
  return parts
}

interface Given {
  method: string | undefined
  readonly headers: Pair[]
  readonly data: Data[]
  readonly parts: RecordedPart[]
  readonly urls: string[]
  readonly queries: string[]
  get: boolean
  head: boolean
  json: boolean
  follow: boolean
  insecure: boolean
}
type Data = { readonly text: string } | { readonly path: string; readonly binary: boolean }

function readRequest(
  words: readonly string[],
  where: string,
  notes: string[],
): { exchanges: Exchange[]; insecure: boolean } {
  const given: Given = {
    method: undefined,
    headers: [],
    data: [],
    parts: [],
    urls: [],
    queries: [],
    get: false,
    head: false,
    json: false,
    follow: false,
    insecure: false,
  }
  const ignored = new Set<string>()
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    if (word === '--') continue
    if (word.startsWith('--')) {
      const eq = word.indexOf('=')
      const option = OPTIONS[eq < 0 ? word.slice(2) : word.slice(2, eq)]
      if (option === undefined) ignored.add(word)
      else if (!option.takes) apply(option.name, '', given, where, ignored)
      else apply(option.name, eq < 0 ? (words[++i] ?? '') : word.slice(eq + 1), given, where, ignored)
    } else if (word.startsWith('-') && word.length > 1) {
      for (let rest = word.slice(1); rest !== ''; ) {
        const option = OPTIONS[SHORT[rest[0] ?? ''] ?? '']
        if (option === undefined) ignored.add(`-${rest[0]}`)
        rest = rest.slice(1)
        if (option === undefined) continue
        if (!option.takes) apply(option.name, '', given, where, ignored)
        else {
          apply(option.name, rest === '' ? (words[++i] ?? '') : rest, given, where, ignored)
          rest = ''
        }
      }
    } else given.urls.push(word)
  }
  if (ignored.size > 0) notes.push(`${where}: without meaning here, left out: ${[...ignored].join(' ')}`)
  if (given.urls.length === 0) throw brokenInput('The command names no URL.', where, "add it: curl 'https://host/path'")
  return { exchanges: given.urls.map((url) => exchange(url, given, where)), insecure: given.insecure }
}

/** One option's effect; what concerns the terminal or the connection only is noted. */
function apply(name: string, value: string, given: Given, where: string, ignored: Set<string>): void {
  switch (name) {
    case 'request':
      given.method = value.toUpperCase()
      return
    case 'header':
      if (!value.startsWith('@')) addHeader(value, given.headers)
      else ignored.add('-H @file')
      return
    case 'data':
    case 'data-ascii':
      given.data.push(value.startsWith('@') ? { path: value.slice(1), binary: false } : { text: value })
      return
    case 'data-binary':
      given.data.push(value.startsWith('@') ? { path: value.slice(1), binary: true } : { text: value })
      return
    case 'data-raw':
      given.data.push({ text: value })
      return
    case 'data-urlencode':
      given.data.push({ text: urlEncoded(value, where) })
      return
    case 'json':
      given.data.push(value.startsWith('@') ? { path: value.slice(1), binary: true } : { text: value })
      given.json = true
      return
    case 'form':
    case 'form-string':
      given.parts.push(formPart(value, name === 'form-string', where))
      return
    case 'user':
      given.headers.push({ name: 'Authorization', value: `Basic ${Buffer.from(value).toString('base64')}` })
      return
    case 'oauth2-bearer':
      given.headers.push({ name: 'Authorization', value: `Bearer ${value}` })
      return
    case 'cookie':
      if (value.includes('=')) given.headers.push({ name: 'Cookie', value })
      else ignored.add('-b file')
      return
    case 'user-agent':
      if (value !== '') given.headers.push({ name: 'User-Agent', value })
      return
    case 'referer':
      given.headers.push({ name: 'Referer', value: value.replace(/;auto$/, '') })
      return
    case 'get':
      given.get = true
      return
    case 'head':
      given.head = true
      return
    case 'location':
    case 'location-trusted':
      given.follow = true
      return
    case 'insecure':
      given.insecure = true
      return
    case 'url':
      given.urls.push(value)
      return
    case 'url-query':
      given.queries.push(urlEncoded(value, where))
      return
    case 'upload-file':
      given.method ??= 'PUT'
      given.data.push({ path: value, binary: true })
      return
    // k6 asks for gzip by itself; the others do not change what is sent.
    case 'compressed':
    case 'silent':
    case 'show-error':
    case 'include':
    case 'verbose':
    case 'fail':
    case 'output':
    case 'write-out':
    case 'globoff':
    case 'no-buffer':
    case 'progress-bar':
    case 'http1.1':
      return
    default:
      ignored.add(`--${name}`)
  }
}

function addHeader(text: string, headers: Pair[]): void {
  const colon = text.indexOf(':')
  // `-H 'Name;'` sends an empty one, `-H 'Name:'` sends none.
  if (colon < 0) {
    if (text.endsWith(';')) headers.push({ name: text.slice(0, -1).trim(), value: '' })
    return
  }
  const [name, value] = [text.slice(0, colon).trim(), text.slice(colon + 1).trim()]
  if (value !== '') headers.push({ name, value })
}

/** `content`, `=content`, `name=content`; files would be read when curl runs. */
function urlEncoded(value: string, where: string): string {
  const [, name, sign, content] = /^([^=@]*)([=@]?)(.*)$/s.exec(value) ?? []
  if (sign === '@')
    throw brokenInput(
      '--data-urlencode with a file is not converted.',
      where,
      'put the content there: --data-urlencode name=content',
    )
  if (sign === '') return form(name ?? '')
  return name === '' ? form(content ?? '') : `${name}=${form(content ?? '')}`
}

function form(text: string): string {
  return encodeText(text).replaceAll('%20', '+')
}

/** `name=value`, `name=@file;type=image/png;filename=a.png`, `name=<file`. */
function formPart(value: string, literal: boolean, where: string): RecordedPart {
  const eq = value.indexOf('=')
  if (eq < 1) throw brokenInput(`"${value.slice(0, 40)}" is no form field.`, where, '-F name=value, -F name=@file')
  const [name, rest] = [value.slice(0, eq), value.slice(eq + 1)]
  if (literal) return { name, value: rest, filename: undefined, mimeType: undefined }
  const [content = '', ...settings] = rest.split(';')
  const setting = (key: string): string | undefined =>
    settings
      .find((text) => text.trim().startsWith(`${key}=`))
      ?.trim()
      .slice(key.length + 1)
      .replace(/^"(.*)"$/, '$1')
  const mimeType = setting('type')
  if (content.startsWith('@')) {
    const path = content.slice(1).replace(/^"(.*)"$/, '$1')
    return { name, value: undefined, path, filename: setting('filename') ?? path.replace(/^.*[/\\]/, ''), mimeType }
  }
  const isSettings = settings.every((text) => /^\s*(?:type|filename|encoder|headers)=/.test(text))
  return { name, value: isSettings ? content : rest, filename: undefined, mimeType }
}

function exchange(address: string, given: Given, where: string): Exchange {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `http://${address}`
  if (!URL.canParse(withScheme) || !/^https?:/i.test(withScheme))
    throw brokenInput(`"${address.slice(0, 80)}" is no HTTP URL.`, where, 'name it with its scheme: https://host/path')
  const url = new URL(withScheme)
  const headers = [...given.headers]
  const text = given.data.flatMap((data) => ('text' in data ? [data.text] : [])).join(given.json ? '' : '&')
  const query = [...(given.get && text !== '' ? [text] : []), ...given.queries].join('&')
  if (query !== '') url.search = url.search === '' ? query : `${url.search}&${query}`
  if (url.username !== '') {
    const user = `${decodeText(url.username)}:${decodeText(url.password)}`
    headers.push({ name: 'Authorization', value: `Basic ${Buffer.from(user).toString('base64')}` })
    url.username = ''
    url.password = ''
  }
  const body = given.get ? undefined : bodyOf(given, headers, text, where)
  if (given.json && !headers.some(({ name }) => name.toLowerCase() === 'accept'))
    headers.push({ name: 'Accept', value: 'application/json' })
  return {
    where,
    method: given.method ?? (given.head ? 'HEAD' : body === undefined ? 'GET' : 'POST'),
    url,
    headers,
    body,
    response: undefined,
    startedMs: undefined,
    durationMs: 0,
    page: undefined,
    resource: undefined,
    stopsAtRedirect: !given.follow,
  }
}

function bodyOf(given: Given, headers: readonly Pair[], text: string, where: string): RecordedBody | undefined {
  const declared = headers.find(({ name }) => name.toLowerCase() === 'content-type')?.value
  if (given.parts.length > 0)
    return { mimeType: 'multipart/form-data', content: { kind: 'multipart', parts: given.parts } }
  if (given.data.length === 0) return undefined
  const mimeType =
    declared ??
    (given.json
      ? 'application/json'
      : given.method === 'PUT' && !('text' in (given.data[0] ?? {}))
        ? ''
        : 'application/x-www-form-urlencoded')
  const file = given.data.find((data) => 'path' in data)
  if (file === undefined || !('path' in file)) return { mimeType, content: { kind: 'text', text } }
  if (given.data.length > 1)
    throw brokenInput(
      'Data from a file together with other data is not converted.',
      where,
      'put all of it into the file',
    )
  return { mimeType, content: { kind: 'file', path: file.path, binary: file.binary } }
}
