/** What Chromium's network events say of a page's requests, as k6's samples need it. */
import type { CDPSession } from 'playwright-core'

export interface Exchange {
  readonly url: string
  readonly method: string
  /** Chromium's word: Document, Stylesheet, Image, XHR ... */
  readonly resourceType: string
  readonly sentBytes: number
  /** Undefined when no answer came. */
  readonly answer: Answer | undefined
}

export interface Answer {
  readonly status: number
  readonly ip: string
  readonly protocol: string
  readonly fromCache: boolean
  readonly fromPrefetchCache: boolean
  readonly fromServiceWorker: boolean
  /** From the request's start to the answer's headers. */
  readonly durationMs: number
  readonly receivedBytes: number
  /** Chromium knows when its parts happened; without that k6 does not say whether it failed. */
  readonly timed: boolean
}

export interface NetworkEvents {
  sent(exchange: Exchange): void
  answered(exchange: Exchange & { readonly answer: Answer }): void
}

interface Pending {
  readonly request: CdpRequest
  readonly type: string
  readonly startS: number
  /** As they went over the wire, once Chromium has told. */
  rawHeaders: Headers | undefined
  isTold: boolean
  response: CdpResponse | undefined
  responseS: number
  bodyBytes: number
}

type Headers = Readonly<Record<string, string>>

interface CdpRequest {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly postData?: string
}

interface CdpResponse {
  readonly status: number
  readonly statusText: string
  readonly headers: Readonly<Record<string, string>>
  readonly protocol?: string
  readonly remoteIPAddress?: string
  readonly fromDiskCache?: boolean
  readonly fromPrefetchCache?: boolean
  readonly fromServiceWorker?: boolean
  readonly timing?: unknown
}

/** Requests that never end are forgotten beyond so many: a page may open any number. */
const maxPending = 10_000

/** Follows one target's requests until its session ends. */
export async function followNetwork(session: CDPSession, events: NetworkEvents): Promise<void> {
  const pending = new Map<string, Pending>()
  /** Raw headers of requests that Chromium has not announced yet: the two events come in either order. */
  const early = new Map<string, Headers>()
  const tell = (entry: Pending): void => {
    if (entry.isTold || isInternal(entry.request.url)) return
    entry.isTold = true
    events.sent(exchangeOf(entry))
  }
  const finish = (entry: Pending): void => {
    tell(entry)
    const { response } = entry
    if (response === undefined || isInternal(entry.request.url)) return
    events.answered({ ...exchangeOf(entry), answer: answerOf(entry, response) })
  }
  session.on('Network.requestWillBeSent', (event) => {
    const { requestId, request, type, timestamp, redirectResponse } = event
    const before = pending.get(requestId)
    if (before !== undefined && redirectResponse !== undefined) {
      before.response = redirectResponse
      before.responseS = timestamp
      finish(before)
    }
    if (pending.size >= maxPending) pending.delete(pending.keys().next().value as string)
    const entry: Pending = {
      request,
      type: type ?? 'Other',
      startS: timestamp,
      rawHeaders: early.get(requestId),
      isTold: false,
      response: undefined,
      responseS: timestamp,
      bodyBytes: 0,
    }
    early.delete(requestId)
    pending.set(requestId, entry)
    if (entry.rawHeaders !== undefined) tell(entry)
  })
  session.on('Network.requestWillBeSentExtraInfo', ({ requestId, headers }) => {
    const entry = pending.get(requestId)
    // Of a redirect's next request, which is still to be announced, when the one before has been told.
    if (entry === undefined || entry.isTold) {
      if (early.size >= maxPending) early.clear()
      early.set(requestId, headers)
      return
    }
    entry.rawHeaders = headers
    tell(entry)
  })
  session.on('Network.responseReceived', ({ requestId, response, timestamp }) => {
    const entry = pending.get(requestId)
    if (entry === undefined) return
    entry.response = response
    entry.responseS = timestamp
  })
  session.on('Network.dataReceived', ({ requestId, dataLength }) => {
    const entry = pending.get(requestId)
    if (entry !== undefined) entry.bodyBytes += dataLength
  })
  session.on('Network.loadingFinished', ({ requestId }) => {
    const entry = pending.get(requestId)
    if (entry === undefined) return
    pending.delete(requestId)
    finish(entry)
  })
  session.on('Network.loadingFailed', ({ requestId }) => {
    const entry = pending.get(requestId)
    if (entry === undefined) return
    pending.delete(requestId)
    tell(entry)
  })
  await session.send('Network.enable')
}

function exchangeOf(entry: Pending): Exchange {
  const { request, type, rawHeaders } = entry
  const sentBytes = requestBytes(rawHeaders === undefined ? request : { ...request, headers: rawHeaders })
  return { url: request.url, method: request.method, resourceType: type, sentBytes, answer: undefined }
}

function answerOf(entry: Pending, response: CdpResponse): Answer {
  const isRedirect = response.status >= 300 && response.status <= 399
  return {
    status: response.status,
    ip: response.remoteIPAddress ?? '',
    protocol: response.protocol ?? '',
    fromCache: response.fromDiskCache === true,
    fromPrefetchCache: response.fromPrefetchCache === true,
    fromServiceWorker: response.fromServiceWorker === true,
    durationMs: Math.max(0, (entry.responseS - entry.startS) * 1000),
    // Status line and headers as they would be written in HTTP/1.1, and the body as the page sees it, decoded.
    receivedBytes:
      'HTTP/1.1 200 \r\n\r\n'.length +
      response.statusText.length +
      headerBytes(response.headers) +
      (isRedirect ? 0 : entry.bodyBytes),
    timed: response.timing !== undefined,
  }
}

/** Request line, headers and body, as they would be written in HTTP/1.1. */
export function requestBytes(request: CdpRequest): number {
  const path = URL.canParse(request.url) ? new URL(request.url).pathname : ''
  const line = request.method.length + path.length + ' HTTP/1.1 \r\n'.length
  return line + headerBytes(request.headers) + Buffer.byteLength(request.postData ?? '')
}

function headerBytes(headers: Readonly<Record<string, string>>): number {
  let bytes = 0
  for (const [name, value] of Object.entries(headers)) {
    for (const each of value.split('\n')) bytes += name.length + each.length + ': \r\n'.length
  }
  return bytes
}

/** Addresses that never leave the browser. */
function isInternal(url: string): boolean {
  return /^(data|blob|chrome|about):/i.test(url)
}
