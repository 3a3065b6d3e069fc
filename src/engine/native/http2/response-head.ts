/** What an answer's header block says, judged and named as Go's HTTP/2 client does. */
import { STATUS_CODES } from 'node:http'
import type { Fields } from './types.js'

export interface ResponseHead {
  readonly status: number
  readonly statusText: string
  readonly rawHeaders: readonly string[]
  /** -1 when not given. */
  readonly contentLength: number
  /** Why this is no answer, in Go's words; `refused` = the field itself is not HTTP/2's, which Go calls a stream error. */
  readonly fault: string
  readonly refused: boolean
}

/** A block that was seen before has the same identity, and is then not read again. */
export function responseHead(fields: Fields): ResponseHead {
  let head = heads.get(fields)
  if (head === undefined) {
    head = makeHead(fields)
    heads.set(fields, head)
  }
  return head
}

const heads = new WeakMap<Fields, ResponseHead>()

function makeHead(fields: Fields): ResponseHead {
  const rawHeaders: string[] = []
  let status = ''
  let statuses = 0
  let contentLength = -1
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    if (name.startsWith(':')) {
      if (name !== ':status') return faulty(`invalid pseudo-header "${name}"`, true)
      if (rawHeaders.length > 0) return faulty('pseudo header field after regular', true)
      if (statuses++ > 0) return faulty('duplicate pseudo-header ":status"', true)
      status = value
      continue
    }
    if (!fieldName.test(name)) return faulty(`invalid header field name ${JSON.stringify(name)}`, true)
    if (badValue.test(value)) return faulty(`invalid header field value for "${name}"`, true)
    if (name === 'trailer') continue
    if (name === 'content-length' && /^\d{1,15}$/.test(value)) contentLength = Number(value)
    rawHeaders.push(canonical(name), /[\x80-\xff]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value)
  }
  if (status === '') return faulty('malformed response from server: missing status pseudo header', false)
  if (!/^[+-]?\d{1,9}$/.test(status)) {
    return faulty('malformed response from server: malformed non-numeric status pseudo header', false)
  }
  const code = Number(status)
  const statusText = `${code} ${goTexts[code] ?? STATUS_CODES[code] ?? ''}`
  return { status: code, statusText, rawHeaders, contentLength, fault: '', refused: false }
}

function faulty(fault: string, refused: boolean): ResponseHead {
  return { status: 0, statusText: '', rawHeaders: [], contentLength: -1, fault, refused }
}

/** Lower case only (RFC 9113, 8.2.1). */
const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for.
const badValue = /[\x00-\x08\x0a-\x1f\x7f]/

function canonical(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())
}

/** Where Go's http.StatusText and Node's words part. */
const goTexts: Readonly<Record<number, string>> = {
  413: 'Request Entity Too Large',
  414: 'Request URI Too Long',
  416: 'Requested Range Not Satisfiable',
  418: "I'm a teapot",
  509: '',
}
