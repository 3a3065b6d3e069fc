/**
 * HAR 1.2 as browsers and proxies write it (http://www.softwareishard.com/blog/har-12-spec/), with the fields that Chrome
 * adds (`_resourceType`, `_webSocketMessages`). What is missing is taken as absent; only what a request cannot do without
 * is asked for.
 */
import { encodeText, isGzip, tryGunzip, tryText } from '../input/bytes.js'
import { type Json, parseJson } from '../input/json.js'
import type { Exchange, Pair, RecordedBody, RecordedPart, RecordedResponse, Recording } from '../recording/types.js'

/** Contents of answers that are larger are not looked into. */
const MAX_BODY_BYTES = 8 * 1024 * 1024

export interface HarRecording extends Recording {
  readonly tool: string
}

export function readHar(text: string, name: string): HarRecording {
  const log = parseJson(text, name).needObject('A HAR').get('log').needObject('"log"')
  const notes: string[] = []
  const exchanges: Exchange[] = []
  for (const entry of log.get('entries').needItems('"entries"')) {
    const exchange = readEntry(entry, notes)
    if (exchange !== undefined) exchanges.push(exchange)
  }
  // Chrome lists entries by when they ended in some versions; what was sent first goes first.
  const sorted = exchanges
    .map((exchange, i) => ({ exchange, i }))
    .sort((a, b) => (a.exchange.startedMs ?? 0) - (b.exchange.startedMs ?? 0) || a.i - b.i)
    .map(({ exchange }) => exchange)
  const pages = new Map(
    log.get('pages').items.flatMap((page) => {
      const id = page.get('id').text
      return id === undefined ? [] : [[id, page.get('title').text ?? id] as const]
    }),
  )
  const creator = [log.get('creator').get('name').text, log.get('creator').get('version').text]
  return { exchanges: sorted, pages, notes, tool: creator.filter((part) => part !== undefined).join(' ') }
}

function readEntry(entry: Json, notes: string[]): Exchange | undefined {
  const request = entry.needObject('An entry').get('request').needObject('"request"')
  const address = request.get('url').needText('"url"')
  const url = URL.canParse(address) ? new URL(address) : undefined
  const messages = entry.get('_webSocketMessages').items.length
  if (url === undefined) {
    notes.push(`${request.get('url').where}: not a URL, left out: ${address.slice(0, 80)}`)
    return undefined
  }
  if (url.protocol === 'ws:' || url.protocol === 'wss:' || messages > 0) {
    notes.push(`WebSocket ${url.origin}${url.pathname} with ${messages} messages: write it with k6/websockets`)
    return undefined
  }
  // data:, blob:, chrome-extension: never left the browser.
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  const headers = pairs(request.get('headers'))
  const started = Date.parse(entry.get('startedDateTime').text ?? '')
  return {
    where: entry.where,
    method: (request.get('method').text ?? 'GET').toUpperCase(),
    url,
    headers,
    body: readBody(request.get('postData'), headers),
    response: readResponse(entry.get('response')),
    startedMs: Number.isNaN(started) ? undefined : started,
    durationMs: Math.max(0, entry.get('time').number ?? 0),
    page: entry.get('pageref').text,
    resource: entry.get('_resourceType').text?.toLowerCase(),
    stopsAtRedirect: false,
  }
}

function pairs(list: Json): Pair[] {
  return list.items.flatMap((item) => {
    const name = item.get('name').text
    return name === undefined || name === '' ? [] : [{ name, value: item.get('value').text ?? '' }]
  })
}

function readBody(postData: Json, headers: readonly Pair[]): RecordedBody | undefined {
  if (!postData.isObject) return undefined
  const declared = headers.find(({ name }) => name.toLowerCase() === 'content-type')?.value
  const mimeType = declared ?? postData.get('mimeType').text ?? ''
  const text = postData.get('text').text
  const params = postData.get('params').items
  const encoding = postData.get('encoding').text ?? postData.get('_encoding').text
  if (text !== undefined && text !== '') {
    if (encoding === 'base64') return { mimeType, content: bytesOrText(Buffer.from(text, 'base64')) }
    // Some browsers write bytes as one character each when the body is no text.
    if (isByteString(text)) return { mimeType, content: bytesOrText(Buffer.from(text, 'latin1')) }
    return { mimeType, content: { kind: 'text', text } }
  }
  if (params.length === 0) return undefined
  if (mimeType.startsWith('multipart/')) return { mimeType, content: { kind: 'multipart', parts: params.map(part) } }
  const form = params.map((param) => {
    const [name, value] = [param.get('name').text ?? '', param.get('value').text ?? '']
    return `${formText(name)}=${formText(value)}`
  })
  return { mimeType, content: { kind: 'text', text: form.join('&') } }
}

/** Params are decoded or not, by the browser that wrote them; what is encoded already stays. */
function formText(text: string): string {
  return /^[\w.~*+%-]*$/.test(text) && !/%(?![0-9A-Fa-f]{2})/.test(text)
    ? text
    : encodeText(text).replaceAll('%20', '+')
}

function part(param: Json): RecordedPart {
  return {
    name: param.get('name').text ?? '',
    value: param.get('value').text,
    filename: param.get('fileName').text,
    mimeType: param.get('contentType').text,
  }
}

function bytesOrText(bytes: Buffer): RecordedBody['content'] {
  const text = tryText(bytes)
  return text === undefined ? { kind: 'bytes', bytes } : { kind: 'text', text }
}

function isByteString(text: string): boolean {
  return /[\0-\x08\x0e-\x1f]/.test(text) && !/[^\0-\xff]/.test(text)
}

function readResponse(response: Json): RecordedResponse | undefined {
  const status = response.get('status').number ?? 0
  // A request that got no answer has status 0.
  if (!response.isObject || status < 100 || status > 599) return undefined
  const headers = pairs(response.get('headers'))
  const content = response.get('content')
  const redirect = response.get('redirectURL').text ?? ''
  const location = headers.find(({ name }) => name.toLowerCase() === 'location')?.value
  return {
    status: Math.trunc(status),
    headers: [...headers, ...missingCookies(response.get('cookies'), headers)],
    mimeType: (content.get('mimeType').text ?? '').toLowerCase(),
    body: contentText(content),
    redirect: redirect === '' ? location : redirect,
  }
}

/** Firefox and some proxies list cookies apart from the headers. */
function missingCookies(cookies: Json, headers: readonly Pair[]): Pair[] {
  if (headers.some(({ name }) => name.toLowerCase() === 'set-cookie')) return []
  return pairs(cookies).map(({ name, value }) => ({ name: 'Set-Cookie', value: `${name}=${value}` }))
}

function contentText(content: Json): string | undefined {
  const text = content.get('text').text
  if (text === undefined || text.length > MAX_BODY_BYTES * 1.4) return undefined
  if (content.get('encoding').text !== 'base64') return text
  const bytes = Buffer.from(text, 'base64')
  return tryText(isGzip(bytes) ? (tryGunzip(bytes, MAX_BODY_BYTES) ?? bytes) : bytes)
}
