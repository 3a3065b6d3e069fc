import { expect, it } from 'vitest'
import { fuzz } from './websocket.js'

it('3,000 malformed WebSocket streams end in messages or an error', async () => {
  const outcomes = await fuzz({ count: 3000, seed: 20261123, progress: () => undefined })
  expect(outcomes['read on']).toBeGreaterThan(100)
  expect(outcomes['closed']).toBeGreaterThan(100)
  expect(outcomes['refused']).toBeGreaterThan(100)
  expect(outcomes['beside ws']).toBeGreaterThan(100)
})
