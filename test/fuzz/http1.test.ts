import { expect, it } from 'vitest'
import { fuzz } from './http1.js'

it('10,000 malformed HTTP/1 responses end in an answer or an error', async () => {
  const outcomes = await fuzz({ count: 10_000, seed: 20261123, progress: () => undefined })
  expect(outcomes['accepted']).toBeGreaterThan(100)
  expect(outcomes['refused']).toBeGreaterThan(1000)
  expect(outcomes['over sockets']).toBe(20)
})
