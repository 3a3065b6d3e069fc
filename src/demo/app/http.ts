/** The little that the shop needs of a web framework: routes, JSON in and out, errors as answers. */
import type { IncomingMessage, ServerResponse } from 'node:http'

export class HttpError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const maxBodyBytes = 64 * 1024

/** @throws HttpError 413 when the body is too large, 400 when it is not a JSON object */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBodyBytes) throw new HttpError(413, `the body is larger than ${maxBodyBytes} bytes`)
    chunks.push(chunk)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Answered below.
  }
  throw new HttpError(400, 'the body must be a JSON object')
}

export function sendJson(response: ServerResponse, answer: Answer): void {
  const body = Buffer.from(JSON.stringify(answer.body))
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': body.length,
    ...answer.headers,
  })
  response.end(body)
}

/** @throws HttpError 400 unless `value` is a whole number from `min` to `max` */
export function wholeNumber(name: string, value: unknown, min: number, max: number): number {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number
  throw new HttpError(400, `${name} must be a whole number from ${min} to ${max}`)
}

/** @throws HttpError 400 unless `value` is a text of 1 to `maxLength` characters */
export function shortText(name: string, value: unknown, maxLength: number): string {
  if (typeof value === 'string' && value.length >= 1 && value.length <= maxLength) return value
  throw new HttpError(400, `${name} must be a text of 1 to ${maxLength} characters`)
}
