/** `--http-debug`: requests and answers as log lines, in k6's form (httputil.DumpRequestOut and DumpResponse). */
import { randomUUID } from 'node:crypto'
import type { TagSet } from '#metrics/types.js'
import { bodyBytes, type WireRequest, type WireResponse } from '../../http1/types.js'
import type { LogFields, VuScope } from '../../types.js'
import { canonicalName, rawHeader } from './headers.js'

/** Logs the request; answers the id that ties the response's line to it. */
export function debugRequest(vu: VuScope, tags: TagSet, request: WireRequest, full: boolean): string {
  const id = randomUUID()
  let head = `${request.method} ${request.target.path} HTTP/1.1\r\n${request.headerBlock}`
  // Go's dump shows the Accept-Encoding that its own transport would add; nothing of the kind is sent.
  if (!/^accept-encoding:/im.test(request.headerBlock)) head += 'Accept-Encoding: gzip\r\n'
  vu.log.info(`Request:\n${unix(head)}\n${full ? unix(bodyText(request.body)) : ''}\n`, fields(vu, tags, id))
  return id
}

export function debugResponse(vu: VuScope, tags: TagSet, wire: WireResponse, id: string, full: boolean): void {
  const raw = wire.rawHeaders
  const length = rawHeader(raw, 'content-length')
  const hasBody = wire.status >= 200 && wire.status !== 204 && wire.status !== 304
  const chunked = length === undefined && hasBody && wire.proto === 'HTTP/1.1'
  let head = `${wire.proto} ${wire.statusText}\r\n`
  if (length !== undefined) head += `Content-Length: ${length}\r\n`
  else if (chunked) head += 'Transfer-Encoding: chunked\r\n'
  const lines: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = canonicalName(raw[i] as string)
    if (name !== 'Content-Length') lines.push(`${name}: ${raw[i + 1]}\r\n`)
  }
  head += lines.sort().join('')
  const bytes = full ? bodyBytes(wire) : undefined
  let body = bodyText(bytes)
  if (full && chunked) {
    body = body === '' ? '0\r\n\r\n' : `${(bytes as Buffer).length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  }
  vu.log.info(`Response:\n${unix(head)}\n${unix(body)}\n`, fields(vu, tags, id))
}

function fields(vu: VuScope, tags: TagSet, id: string): LogFields {
  return {
    ...vu.metadata,
    ...tags.toObject(),
    iter: vu.iteration,
    request_id: id,
    source: 'http-debug',
    vu: vu.id,
  }
}

function bodyText(body: Uint8Array | string | undefined): string {
  if (body === undefined) return ''
  return typeof body === 'string' ? body : Buffer.from(body).toString('utf8')
}

function unix(text: string): string {
  return text.replaceAll('\r\n', '\n')
}
