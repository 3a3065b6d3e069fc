import { expect, it } from 'vitest'
import { fuzz } from './http2.js'

it('10,000 sessions with a malformed HTTP/2 server end in an answer, a reset or a loss', async () => {
  const outcomes = await fuzz({ count: 10_000, seed: 20261123, progress: () => undefined })
  expect(outcomes['answered']).toBeGreaterThan(100)
  expect(outcomes['reset']).toBeGreaterThan(100)
  expect(outcomes['lost']).toBeGreaterThan(1000)
})
