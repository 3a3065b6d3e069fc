/** The payment provider, a third party that the shop calls and has to wait for. */
import { Agent, request as httpRequest } from 'node:http'
import { HttpError } from './http.js'

const agent = new Agent({ keepAlive: true, maxSockets: 256 })
const timeoutMs = 5_000
const maxAnswerBytes = 16 * 1024

/**
 * Waits for the provider: 40 ms, or 900 ms with the fault `slow-third-party`.
 * @throws HttpError 502 when it fails or takes longer than 5 s
 */
export function chargeCard(paymentUrl: string, user: number, cents: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new HttpError(502, `the payment provider failed: ${why}`))
    const body = JSON.stringify({ user, cents })
    const request = httpRequest(
      `${paymentUrl}/charge`,
      {
        method: 'POST',
        agent,
        timeout: timeoutMs,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        let length = 0
        response.on('data', (chunk: Buffer) => {
          length += chunk.length
          if (length > maxAnswerBytes) request.destroy(new Error('its answer is too long'))
        })
        response.on('error', (error) => fail(error.message))
        response.on('end', () => (response.statusCode === 200 ? resolve() : fail(`status ${response.statusCode}`)))
      },
    )
    request.on('timeout', () => request.destroy(new Error('no answer in time')))
    request.on('error', (error) => fail(error.message))
    request.end(body)
  })
}
