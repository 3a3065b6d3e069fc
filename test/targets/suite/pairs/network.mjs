// Faults outside the service: the network before and behind it, its partner, and the load generator itself.
import { users } from '../lib/loads.mjs'

const charge = { base: 'http://api.stripe.com', path: '/quick' }

export const networkPairs = [
  {
    name: 'go-network-latency',
    kind: 'network-latency',
    place: /network|127\.0\.0\.1|host|endpoint/,
    service: 'go',
    relay: { at: 'front', DELAY_MS: '60' },
    load: users(8, 12, 20, '/price?id={1-100000}', '/document?short=1'),
    core: true,
  },
  {
    name: 'node-network-latency-database',
    kind: 'network-latency',
    place: /network|postgres|127\.0\.0\.1/,
    service: 'node',
    relay: { at: 'database', DELAY_MS: '40' },
    load: users(8, 12, 20, '/customer?id={1-100000}'),
    uses: ['postgres'],
    observe: ['postgres'],
  },
  {
    name: 'go-network-bandwidth',
    kind: 'network-bandwidth',
    place: /network|127\.0\.0\.1|document|host/,
    service: 'go',
    relay: { at: 'front', BYTES_PER_S: '1500000' },
    load: users(8, 12, 20, '/document'),
    core: true,
  },
  {
    name: 'node-slow-dependency',
    kind: 'slow-dependency',
    place: /127\.0\.0\.1:|charge/,
    service: 'node',
    partner: 'late',
    load: users(8, 12, 20, { path: '/pay', method: 'POST' }),
    uses: ['partner'],
    core: true,
  },
  {
    name: 'python-slow-dependency',
    kind: 'slow-dependency',
    place: /127\.0\.0\.1:|charge/,
    service: 'python',
    partner: 'late',
    load: users(8, 12, 20, { path: '/pay', method: 'POST' }),
    uses: ['partner'],
  },
  {
    name: 'go-slow-dependency',
    kind: 'slow-dependency',
    place: /127\.0\.0\.1:|charge/,
    service: 'go',
    partner: 'late',
    load: users(8, 12, 20, { path: '/pay', method: 'POST' }),
    uses: ['partner'],
  },
  {
    name: 'go-injector-saturated',
    kind: 'injector-saturated',
    place: /injector/,
    service: 'go',
    script: { file: 'heavy.js', seconds: 12, faulty: { HEAVY: '1' }, healthy: { HEAVY: '0' } },
    core: true,
  },
  {
    name: 'node-unmocked-third-party',
    kind: 'unmocked-third-party',
    place: /api\.stripe\.com/,
    service: 'node',
    // Refused before anything is sent; the healthy twin has a stand-in on this machine.
    load: {
      faulty: users(4, 10, 60, '/status', charge),
      healthy: { ...users(4, 10, 60, '/status', charge), hosts: { 'api.stripe.com': '$PARTNER' } },
    },
    also: { 'error-burst': 'every request to the host that is refused fails' },
    uses: ['partner'],
    core: true,
  },
]
