import { expect, it } from 'vitest'
import { errorClusters, normalise } from './error-clusters.js'
import { simulate } from './testing/simulate.js'

it('messages of one kind are one message', () => {
  const same = [
    'order 4711 of user ann@example.com not found at 2026-11-23T10:00:00Z',
    'order 12 of user ann@example.com not found at 2026-11-23T11:22:33.5Z',
  ]
  expect(new Set(same.map(normalise)).size).toBe(1)
  expect(normalise('connect ECONNREFUSED 127.0.0.1:5432')).toBe('connect ECONNREFUSED <address>')
  expect(normalise('no row "a1"')).toBe('no row "..."')
})

it('clusters have count, times, endpoints and an example of what went over the wire', () => {
  const evidence = simulate({
    endpoints: [
      {
        name: 'GET /a',
        latencies: Array.from({ length: 10 }, () => [5]),
        failed: (s) => (s >= 3 && s < 5 ? 4 : 0),
        status: '503',
      },
      {
        name: 'GET /b',
        latencies: Array.from({ length: 10 }, () => [5]),
        failed: (s) => (s === 6 ? 2 : 0),
        status: '503',
      },
    ],
    events: ['GET /a', 'GET /b'].map((endpoint, i) => ({
      type: 'request-error',
      detail: {
        endpoint,
        method: 'GET',
        url: 'http://x/a',
        status: 503,
        error: '',
        responseBody: `{"error":"no connection ${i}"}`,
      },
    })),
  })
  expect(errorClusters(evidence)).toMatchObject([
    {
      cause: 'status 503: no connection <n>',
      count: 10,
      share: 1,
      endpoints: ['GET /a', 'GET /b'],
      firstS: 3,
      lastS: 7,
      example: { request: 'GET http://x/a', response: 'status 503\n\n{"error":"no connection 0"}' },
    },
  ])
})
