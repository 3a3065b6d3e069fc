import { expect, it } from 'vitest'
import { fuzz } from './grpc.js'

it('3,000 malformed gRPC answers end their calls once, in one piece as in many', async () => {
  const outcomes = await fuzz({ count: 3000, seed: 20261123, progress: () => undefined })
  expect(outcomes['ok']).toBeGreaterThan(100)
  expect(outcomes['other status']).toBeGreaterThan(100)
  expect(outcomes['connection lost']).toBeGreaterThan(100)
  expect(outcomes['messages']).toBeGreaterThan(100)
})
