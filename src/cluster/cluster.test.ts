import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { SimClock } from '#base/clock.js'
import { createShare } from '#config/index.js'
import type { WorkerWindow } from '#engine/native/worker/protocol.js'
import { MetricRegistry } from '#metrics/registry.js'
import { MetricStore } from '#metrics/store.js'
import { TagRegistry } from '#metrics/tags.js'
import { Sketch } from '#stats/index.js'
import { instantOf, syncClock } from './clock-sync.js'
import { type Fault, ShareBook } from './coordinator/share-book.js'
import { SecondMerger } from './coordinator/seconds.js'
import { Stretches } from './coordinator/stretches.js'
import { helmChart, jobManifest } from './manifest.js'
import { canBeTakenOver, restOfRun } from './rest-of-run.js'
import { segmentOf } from './segments.js'
import { decodeMessage, encodeMessage, splitWindow } from './share-message.js'

/** A window of one agent with these latencies, in the second. */
function windowOf(values: readonly number[], second: number, store = newStore()): WorkerWindow {
  for (const value of values) store.store.add(store.latency, store.tags.intern([['url', `/${value % 3}`]]), value)
  store.store.add(store.vus, store.tags.intern([]), 5)
  return {
    unixMs: 1e12,
    span: { fromNs: second * 1e9, toNs: (second + 1) * 1e9 },
    batch: store.store.drain(),
    scenarios: [],
    vusActive: 5,
    vusInitialized: 5,
    iterationsCompleted: values.length,
    iterationsInterrupted: 0,
    health: [],
    errors: [],
  }
}

function newStore() {
  const metrics = new MetricRegistry()
  const tags = new TagRegistry()
  const store = new MetricStore(metrics, tags)
  return {
    metrics,
    tags,
    store,
    latency: metrics.define('latency', 'trend', 'time'),
    vus: metrics.define('vus', 'gauge'),
  }
}

describe('a message of a share', () => {
  it('comes back as it was, typed arrays and infinities included', () => {
    const window = windowOf([1, 2.5, Number.POSITIVE_INFINITY], 0)
    const [event] = decodeMessage(encodeMessage({ seq: 7, events: [{ type: 'window', window }] })).events
    expect(event?.type === 'window' && event.window.batch).toEqual(window.batch)
  })

  it('is split into parts that are within the limit and hold every row once', () => {
    const store = newStore()
    for (let i = 0; i < 500; i++) store.store.add(store.latency, store.tags.intern([['url', `/${i}`]]), i)
    const window = windowOf([], 0, store)
    const parts = splitWindow(window, 4000)
    expect(parts.length).toBeGreaterThan(2)
    expect(parts.flatMap(({ batch }) => batch.rows)).toEqual(window.batch.rows)
  })

  it.each([
    ['no JSON', deflateRawSync('{')],
    ['nothing', new Uint8Array()],
    ['a count that is none', deflateRawSync('{"seq":-1,"events":[]}')],
    ['an unknown event', deflateRawSync('{"seq":0,"events":[{"type":"run"}]}')],
    [
      'rows without numbers',
      deflateRawSync(
        '{"seq":0,"events":[{"type":"window","window":{"unixMs":1,"batch":{"metrics":[],"tagSets":[],"rows":[{}]}}}]}',
      ),
    ],
  ])('is refused when it holds %s', (_what, bytes) => {
    expect(() => decodeMessage(bytes)).toThrow(Error)
  })
})

describe('seconds of many agents', () => {
  it('make the sketch that one agent with all samples would have made', () => {
    const all = Array.from({ length: 4000 }, (_, i) => 1 + ((i * 7919) % 997) / 10)
    const emitted: WorkerWindow[] = []
    const merger = new SecondMerger((window) => emitted.push(window))
    for (let share = 0; share < 8; share++)
      merger.add(
        share,
        windowOf(
          all.filter((_, i) => i % 8 === share),
          0,
        ),
      )
    merger.advance(1)
    const whole = new Sketch()
    const single = new Sketch()
    for (const row of emitted[0]?.batch.rows ?? []) if (row.buckets !== undefined) whole.mergeRow(row)
    for (const value of all) single.add(value)
    expect(whole.count).toBe(all.length)
    for (const q of [0.5, 0.95, 0.99]) expect(whole.quantile(q)).toBe(single.quantile(q))
  })

  it('sum the VUs of all, of which each agent knows only its own', () => {
    const emitted: WorkerWindow[] = []
    const merger = new SecondMerger((window) => emitted.push(window))
    for (const share of [0, 1, 2]) merger.add(share, windowOf([1], 0))
    merger.flush()
    expect(emitted[0]?.vusActive).toBe(15)
    expect(emitted[0]?.batch.rows.find(({ buckets }) => buckets === undefined)?.sum).toBe(15)
  })

  it('give a late number its own second', () => {
    const spans: (number | undefined)[] = []
    const merger = new SecondMerger((window) => spans.push(window.span?.fromNs))
    merger.add(0, windowOf([1], 0))
    merger.add(0, windowOf([1], 1))
    merger.advance(2)
    merger.add(1, windowOf([1], 0))
    expect(spans).toEqual([0, 1e9, 0])
  })
})

describe('the book of shares', () => {
  const beat = { agent: 'a', run: 'r', share: { segment: 0, epoch: 0 }, state: 'running' as const, unacknowledged: 0 }

  it('counts a message that comes twice once', () => {
    const book = new ShareBook(1, () => {})
    const row = book.add({ segment: 0, epoch: 0 }, { agent: 'a', host: 'h', fromS: 0 }, 0)
    expect([0, 1, 1, 0, 2].map((seq) => book.receive(row, seq))).toEqual([true, true, false, false, true])
    expect(row.duplicates).toBe(2)
  })

  it('loses a silent agent after two seconds, takes it back, and lists what nobody measured', () => {
    const faults: Fault['what'][] = []
    const book = new ShareBook(2, ({ what }) => faults.push(what))
    const row = book.add({ segment: 0, epoch: 0 }, { agent: 'a', host: 'h', fromS: 0 }, 0)
    book.beat(beat, 0, 0)
    book.covered(row, { fromNs: 0, toNs: 1e9 }, 1e9)
    expect(book.check(1.9e9, 1.9)).toEqual([])
    expect(book.check(2.1e9, 2.1)).toEqual([row])
    book.beat(beat, 5e9, 5)
    expect(row.state).toBe('running')
    book.covered(row, { fromNs: 4e9, toNs: 5e9 }, 5e9)
    expect(faults).toEqual(['agent-lost', 'agent-back'])
    expect(book.missing(5e9).map(({ what }) => what)).toEqual([
      'share 1 of 2: seconds 1.0 to 4.0',
      'share 2 of 2: seconds 0.0 to 5.0',
    ])
  })
})

describe('the parts of a run', () => {
  it('are execution segments whose shares add up to the whole', () => {
    const shares = Array.from({ length: 7 }, (_, i) => {
      const { executionSegment, executionSegmentSequence } = segmentOf(i, 7)
      return createShare(executionSegment, executionSegmentSequence).scale(1000)
    })
    expect(shares.reduce((sum, one) => sum + one, 0)).toBe(1000)
  })

  it('end where they would have ended when somebody else goes on', () => {
    const common = { startTimeNs: 2e9, gracefulStopNs: 0, exec: 'default', env: {}, tags: {}, options: {} }
    const rest = restOfRun(
      {
        a: {
          ...common,
          name: 'a',
          executor: 'ramping-vus',
          startVUs: 0,
          gracefulRampDownNs: 0,
          stages: [
            { durationNs: 10e9, target: 100 },
            { durationNs: 5e9, target: 100 },
          ],
        },
        b: { ...common, name: 'b', executor: 'constant-vus', vus: 3, durationNs: 3e9 },
      },
      7e9,
    )
    expect(rest).toMatchObject({
      a: { startTimeNs: 0, startVUs: 50, stages: [{ durationNs: 5e9, target: 100 }, { durationNs: 5e9 }] },
    })
    expect(rest['b']).toBeUndefined()
    expect(canBeTakenOver(['constant-vus', 'shared-iterations'])).toBe(false)
  })

  it('that were measured leave the gaps between them', () => {
    const stretches = new Stretches()
    for (const [from, to] of [
      [4, 5],
      [0, 1],
      [1, 2],
      [4.5, 6],
    ] as const)
      stretches.add(from, to)
    expect(stretches.gaps(8, 0.5)).toEqual([
      [2, 4],
      [6, 8],
    ])
  })
})

it('an instant is found on a clock that is off by minutes, to half of a round trip', async () => {
  const clock = new SimClock(1_000_000)
  const truth = new SimClock(1_300_000)
  const sync = await syncClock(clock, async () => truth.unixMs())
  expect(sync.wallClockOffMs).toBe(-300_000)
  expect(instantOf(sync, truth.unixMs() + 1500)).toBe(1.5e9)
})

it('the manifests are an Indexed Job that is never started again by itself, and the same as a chart', () => {
  const options = { agents: 8, image: 'perfwright:1', namespace: 'load', url: 'nats://nats:4222' }
  expect(jobManifest(options)).toMatch(
    /completionMode: Indexed\n {2}completions: 8\n {2}parallelism: 8\n {2}backoffLimit: 0/,
  )
  expect(helmChart(options)['templates/job.yaml']).toContain('completions: {{ .Values.agents }}')
})
