/** Runs whose truth is known by a closed form, through a record on disk and back. */
import { describe, expect, it } from 'vitest'
import { uslAt } from '#stats/index.js'
import { analyseSimulated, dice, type SimulatedSecond } from './testing/simulated-run.js'

const steps = (vus: readonly number[], seconds: number): Record<string, unknown> => ({
  executor: 'ramping-vus',
  startVUs: vus[0],
  stages: vus.flatMap((target) => [
    { duration: '0s', target },
    { duration: `${seconds}s`, target },
  ]),
})

/** A closed ladder on a system of known throughput: response time by Little's law. */
function ladder(
  vus: readonly number[],
  seconds: number,
  throughput: (n: number) => number,
  seed = 1,
): SimulatedSecond[] {
  const random = dice(seed)
  return vus.flatMap((n) =>
    Array.from({ length: seconds }, () => {
      const count = Math.round(throughput(n) * (1 + 0.02 * random.normal()))
      const ms = (1000 * n) / throughput(n)
      return { vus: n, requestMs: Array.from({ length: count }, () => ms * (0.9 + 0.2 * random.uniform())) }
    }),
  )
}

describe('load', () => {
  const scenario = { executor: 'constant-vus', vus: 50, duration: '60s' }
  const random = dice(3)
  /** Exponential response times of mean 100 ms: p95 = 100 ln 20 = 299.6 ms. */
  const seconds = Array.from({ length: 60 }, () => ({
    vus: 50,
    requestMs: Array.from({ length: 200 }, () => 100 * random.exponential()),
  }))

  it('an objective is met, missed or undecided by its whole interval, and the interval holds the true quantile', async () => {
    const threshold = (limit: number): { metric: string; source: string; ok: boolean } => ({
      metric: 'http_req_duration',
      source: `p(95)<${limit}`,
      ok: true,
    })
    const { objectives, testType } = await analyseSimulated({
      scenario,
      seconds,
      thresholds: [threshold(400), threshold(300), threshold(200)],
    })
    expect(testType).toBe('load')
    expect(objectives.map(({ verdict }) => verdict)).toEqual(['met', 'unsure', 'missed'])
    for (const { low, high, count } of objectives) {
      expect(count).toBe(12_000)
      expect(low).toBeLessThan(299.6)
      expect(high).toBeGreaterThan(299.6)
      // Order statistics of 12,000 alone give +-2.4 %.
      expect(high! - low!).toBeLessThan(50)
    }
  })

  it('says what cannot be shown with so few requests: 99.99 % takes 29,956 without a failure', async () => {
    const { objectives, answer } = await analyseSimulated({
      scenario,
      seconds,
      thresholds: [
        { metric: 'http_req_failed', source: 'rate<0.0001', ok: true, value: 0 },
        { metric: 'http_req_failed', source: 'rate<0.001', ok: true, value: 0 },
      ],
    })
    expect(objectives.map(({ verdict }) => verdict)).toEqual(['unsure', 'met'])
    expect(answer).toMatchObject({ question: 'Can it handle the expected traffic?', verdict: 'cannot-tell' })
    expect(answer.because.join('\n')).toContain('99.99 % is not demonstrable with n=12000: it takes 29956')
    expect(answer.because.join('\n')).not.toContain('99.9 % is not demonstrable')
  })

  it('a part of a metric that nothing belongs to has no data, and decides nothing', async () => {
    const { objectives, answer } = await analyseSimulated({
      scenario,
      seconds,
      thresholds: [{ metric: 'http_req_duration{name:/nowhere}', source: 'p(95)<200', ok: true }],
    })
    expect(objectives[0]).toMatchObject({ verdict: 'no-data', value: null, low: null, endpoint: '/nowhere', count: 0 })
    expect(answer.verdict).toBe('cannot-tell')
  })

  it('too few values beyond a quantile leave its upper side open', async () => {
    const { objectives } = await analyseSimulated({
      scenario,
      seconds: seconds.slice(0, 5),
      thresholds: [{ metric: 'http_req_duration', source: 'p(99.9)<5000', ok: true }],
    })
    expect(objectives[0]).toMatchObject({ high: null, verdict: 'unsure', count: 1000 })
  })

  it('yes, no and cannot tell', async () => {
    const good = [{ metric: 'http_req_duration', source: 'p(95)<400', ok: true }]
    const bad = [{ metric: 'http_req_duration', source: 'p(95)<100', ok: false }]
    const verdict = async (run: Partial<Parameters<typeof analyseSimulated>[0]>): Promise<string> =>
      (await analyseSimulated({ scenario, seconds, ...run })).answer.verdict
    expect(await verdict({ thresholds: good })).toBe('yes')
    expect(await verdict({ thresholds: bad })).toBe('no')
    expect(await verdict({})).toBe('cannot-tell')
    expect(await verdict({ seconds: seconds.map((second) => ({ ...second, failed: 20 })) })).toBe('no')
    const trust = { verdict: 'not-trustworthy', reasons: ['The injector was saturated: all of it.'] } as const
    expect(await verdict({ thresholds: good, trust })).toBe('cannot-tell')
  })

  it('the steady stretch begins where a warm-up of known length ends', async () => {
    const warm = dice(5)
    const { steady, warmupS, caveats } = await analyseSimulated({
      scenario: { ...scenario, duration: '120s' },
      seconds: Array.from({ length: 120 }, (_, i) => ({
        vus: 50,
        requestMs: Array.from({ length: 50 }, () => (20 + (i < 15 ? 200 : 0)) * warm.exponential()),
      })),
    })
    // It cuts in fives, and may take some more where the mean of the rest happens to gain by it.
    expect(warmupS).toBeGreaterThanOrEqual(15)
    expect(warmupS).toBeLessThanOrEqual(25)
    expect(steady).toEqual({ fromS: warmupS, toS: 120 })
    expect(caveats.join()).not.toContain('settled')
  })

  it('a run without a warm-up loses nothing', async () => {
    expect(await analyseSimulated({ scenario, seconds })).toMatchObject({ warmupS: 0, steady: { fromS: 0, toS: 60 } })
  })
})

describe('stress', () => {
  const law = { lambda: 40, sigma: 0.03, kappa: 0.0008 }
  const knee = Math.sqrt((1 - law.sigma) / law.kappa)

  it("finds the peak of a scalability law, its terms, and Little's law kept", async () => {
    const vus = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 80]
    const { capacity, testType, answer } = await analyseSimulated({
      scenario: steps(vus, 10),
      seconds: ladder(vus, 10, (n) => uslAt(law, n)),
    })
    expect(testType).toBe('stress')
    expect(capacity).toMatchObject({ knee: 'reached', loadUnit: 'VUs' })
    expect(capacity!.low!).toBeLessThanOrEqual(knee)
    expect(capacity!.high!).toBeGreaterThanOrEqual(knee)
    expect(capacity!.high! - capacity!.low!).toBeLessThan(12)
    expect(capacity!.usl!.sigma).toBeCloseTo(law.sigma, 1)
    expect(capacity!.usl!.kappa).toBeCloseTo(law.kappa, 3)
    expect(capacity!.usl!.r2).toBeGreaterThan(0.99)
    expect(capacity!.littlesLawRatio).toBeGreaterThan(0.97)
    expect(capacity!.littlesLawRatio).toBeLessThan(1.03)
    expect(answer.verdict).toBe('yes')
  })

  it('does not extrapolate from a ladder that ends before the peak', async () => {
    const vus = [1, 2, 4, 8, 12, 16, 20, 24]
    const { capacity, answer } = await analyseSimulated({
      scenario: steps(vus, 8),
      seconds: ladder(vus, 8, (n) => uslAt(law, n)),
    })
    expect(capacity).toMatchObject({ knee: 'not-reached', at: null, low: null, high: null, throughputPerS: null })
    expect(capacity!.usl!.peakLoad).toBeNull()
    expect(capacity!.note).toContain('Knee not reached within 24 VUs')
    expect(answer.verdict).toBe('no')
  })

  it('a pool of 4 x 20 ms has its knee at 4 and 200 requests/s, and shows as a plateau in the database', async () => {
    const vus = [1, 2, 3, 4, 6, 8, 12, 16]
    const seconds = ladder(vus, 8, (n) => Math.min(n, 4) / 0.02).map((second) => ({
      ...second,
      observed: { postgres: { connections_active: Math.min(second.vus!, 4) }, host: { cpu_ratio: 0.3 } },
    }))
    const { capacity } = await analyseSimulated({ scenario: steps(vus, 8), seconds })
    expect(capacity).toMatchObject({ knee: 'reached', failureMode: 'latency' })
    expect(capacity!.at).toBeCloseTo(4, 0)
    expect(capacity!.low!).toBeLessThanOrEqual(4)
    expect(capacity!.high!).toBeGreaterThanOrEqual(4)
    expect(capacity!.throughputPerS).toBeGreaterThan(190)
    expect(capacity!.throughputPerS).toBeLessThan(210)
    expect(capacity!.saturatedFirst).toContain('a pool of 4 (observed/postgres connections_active)')
  })

  it('names the resource that was full first, not the one that followed, nor one that was full before the load', async () => {
    const vus = [1, 2, 4, 8, 16, 32]
    const seconds = ladder(vus, 8, (n) => Math.min(n, 8) / 0.02).map((second, i) => ({
      ...second,
      observed: {
        node: { event_loop_utilization_ratio: i < 24 ? 0.1 : 0.99 },
        target: { open_fds: i < 36 ? 20 : 1020, fd_limit: 1024, main_thread_cpu_ratio: i < 25 ? 0.2 : 0.97 },
        host: { disk_busy_ratio: 1 },
      },
    }))
    const { capacity } = await analyseSimulated({ scenario: steps(vus, 8), seconds })
    expect(capacity!.saturatedFirst).toBe('the event loop of the target: 99 %')
  })

  it.each([
    ['errors', (n: number) => ({ failed: n > 8 ? 0.3 : 0, throughput: Math.min(n, 8) / 0.02 })],
    ['throughput-collapse', (n: number) => ({ failed: 0, throughput: n <= 8 ? n / 0.02 : 400 / (1 + 0.1 * (n - 8)) })],
    ['none', (n: number) => ({ failed: 0, throughput: n / 0.02 })],
  ])('fails by %s', async (mode, at) => {
    const vus = [1, 2, 4, 8, 12, 16, 24]
    const seconds = ladder(vus, 8, (n) => at(n).throughput).map((second) => ({
      ...second,
      failed: Math.round(at(second.vus!).failed * second.requestMs.length),
    }))
    expect((await analyseSimulated({ scenario: steps(vus, 8), seconds })).capacity!.failureMode).toBe(mode)
  })

  it('leaves out what came after the injector itself was full', async () => {
    const vus = [1, 2, 4, 8, 12, 16, 24, 32]
    const seconds = ladder(vus, 8, (n) => Math.min(n, 12) / 0.02).map((second, i) => ({
      ...second,
      observed: { injector: { cpu_ratio: i < 40 ? 0.4 : 0.99 } },
    }))
    const { capacity } = await analyseSimulated({ scenario: steps(vus, 8), seconds })
    expect(capacity!.knee).toBe('not-reached')
    expect(capacity!.points.map(({ load }) => load)).toEqual([1, 2, 4, 8, 12])
    expect(capacity!.note).toContain('load injector')
  })
})

describe('breakpoint', () => {
  it('an open ramp onto an M/M/4 queue of 20 ms breaks at 200 arrivals a second', async () => {
    const random = dice(11)
    let waiting = 0
    const seconds = Array.from({ length: 60 }, (_, i) => {
      const due = random.poisson(((i + 0.5) * 400) / 60)
      waiting += due
      const served = Math.min(waiting, random.poisson(200))
      waiting -= served
      // Who is served now came before all that still wait.
      const ms = 20 + (1000 * waiting) / 200
      return { requestMs: Array.from({ length: served }, () => ms * (0.8 + 0.4 * random.uniform())) }
    })
    const { capacity, testType, answer } = await analyseSimulated({
      scenario: {
        executor: 'ramping-arrival-rate',
        startRate: 0,
        preAllocatedVUs: 5000,
        stages: [{ duration: '60s', target: 400 }],
      },
      seconds,
      asked: 12_000,
      trust: {
        verdict: 'not-trustworthy',
        reasons: ['The run was starved of VUs: 500 of 12000 iterations that were due did not start (4 %).'],
      },
    })
    expect(testType).toBe('breakpoint')
    expect(capacity).toMatchObject({ knee: 'reached', loadUnit: 'iterations/s', failureMode: 'latency' })
    expect(capacity!.low!).toBeLessThanOrEqual(200)
    expect(capacity!.high!).toBeGreaterThanOrEqual(200)
    // Arrivals without a free VU are what the question is about, not a fault of the injector.
    expect(answer.verdict).toBe('yes')
  })
})

describe('soak', () => {
  const scenario = { executor: 'constant-vus', vus: 20, duration: '32m' }
  const hold = (memory: (i: number) => number, fds: (i: number) => number = () => 30): SimulatedSecond[] => {
    const random = dice(17)
    return Array.from({ length: 1920 }, (_, i) => ({
      vus: 20,
      requestMs: Array.from({ length: 3 }, () => 10 * (1 + 0.1 * random.normal())),
      observed: { target: { rss_bytes: memory(i), open_fds: fds(i), fd_limit: 1024 } },
    }))
  }
  const noise = (() => {
    const random = dice(19)
    let value = 0
    return Array.from({ length: 1920 }, () => {
      value = 0.9 * value + Math.sqrt(1 - 0.81) * random.normal()
      return value
    })
  })()

  it('finds a leak of known slope in correlated noise, with its interval and the hours that are left', async () => {
    // 60 MB an hour under noise of 5 MB with correlation 0.9; a descriptor every 6 s.
    const { trends, answer, testType } = await analyseSimulated({
      scenario,
      seconds: hold(
        (i) => 200e6 + (60e6 * i) / 3600 + 5e6 * noise[i]!,
        (i) => 30 + Math.floor(i / 6),
      ),
    })
    expect(testType).toBe('soak')
    const memory = trends.find(({ source }) => source === 'observed/target rss_bytes')!
    expect(memory.verdict).toBe('grows')
    expect(memory.low).toBeLessThan(60e6)
    expect(memory.high).toBeGreaterThan(60e6)
    expect(memory.slopePerH).toBeGreaterThan(memory.detectablePerH!)
    const fds = trends.find(({ source }) => source === 'observed/target open_fds')!
    expect(fds).toMatchObject({ verdict: 'grows' })
    expect(fds.slopePerH).toBeCloseTo(600, -1)
    // 1,024 - 350 descriptors at 600 an hour.
    expect(fds.exhaustionH).toBeCloseTo(1.12, 1)
    expect(answer).toMatchObject({ question: 'Does it stay stable over time?', verdict: 'no' })
  })

  it('a healthy service is steady, with what was ruled out', async () => {
    const { trends, answer } = await analyseSimulated({
      scenario,
      seconds: hold((i) => 200e6 + 5e6 * noise[i]!),
      thresholds: [{ metric: 'http_req_duration', source: 'p(95)<50', ok: true }],
    })
    expect(trends.map(({ source, verdict }) => [source, verdict])).toEqual([
      ['observed/target rss_bytes', 'steady'],
      ['observed/target open_fds', 'steady'],
      ['series http_req_duration p50', 'steady'],
      ['series http_req_duration p95', 'steady'],
    ])
    expect(answer.verdict).toBe('yes')
  })

  it('memory that fills up and stays is steady; one that drifts like a random walk needs a longer run', async () => {
    const random = dice(23)
    let level = 0
    const walk = Array.from({ length: 1920 }, () => (level += 2e6 * random.normal()))
    const verdictOf = async (memory: (i: number) => number): Promise<string> =>
      (await analyseSimulated({ scenario, seconds: hold(memory) })).trends[0]!.verdict
    expect(await verdictOf((i) => 100e6 + 200e6 * (1 - Math.exp(-i / 150)) + 1e6 * noise[i]!)).toBe('steady')
    expect(await verdictOf((i) => 1e9 + walk[i]!)).toBe('run-longer')
  })
})

describe('spike', () => {
  const scenario = {
    executor: 'ramping-arrival-rate',
    startRate: 50,
    preAllocatedVUs: 3000,
    stages: [
      { duration: '20s', target: 50 },
      { duration: '0s', target: 500 },
      { duration: '4s', target: 500 },
      { duration: '0s', target: 50 },
      { duration: '36s', target: 50 },
    ],
  }
  /** A queue that serves 250 a second; after the spike `after` a second. */
  const queue = (after: number): SimulatedSecond[] => {
    const random = dice(29)
    let waiting = 0
    return Array.from({ length: 60 }, (_, i) => {
      waiting += i >= 20 && i < 24 ? 500 : 50
      const served = Math.min(waiting, i < 24 ? 250 : after)
      waiting -= served
      return {
        requestMs: Array.from({ length: served }, () => (20 + (1000 * waiting) / 250) * (0.9 + 0.2 * random.uniform())),
        vus: waiting,
      }
    })
  }

  it('of 2,000 arrivals in 4 s onto 250/s 1,000 wait, and are gone 5 s later', async () => {
    const { recovery, testType, answer } = await analyseSimulated({ scenario, seconds: queue(250), asked: 4800 })
    expect(testType).toBe('spike')
    expect(recovery).toMatchObject({ spike: { fromS: 20, toS: 24 }, errorsDuring: 0, backToBaseline: true })
    expect(recovery!.backlogMax).toBe(1000)
    // 1,000 waiting, 200 a second more served than come; seconds are looked at five together.
    expect(recovery!.recoveredAfterS).toBeGreaterThanOrEqual(3)
    expect(recovery!.recoveredAfterS).toBeLessThanOrEqual(5)
    expect(recovery!.baselineP95Ms).toBeCloseTo(22, 0)
    expect(recovery!.peakP95Ms).toBeGreaterThan(4000)
    expect(answer).toMatchObject({ question: 'Does it survive a spike?', verdict: 'yes' })
  })

  it('one that serves less than before after the spike never comes back', async () => {
    const { recovery, answer } = await analyseSimulated({ scenario, seconds: queue(55), asked: 4800 })
    expect(recovery).toMatchObject({ recoveredAfterS: null, backToBaseline: false })
    expect(answer.verdict).toBe('no')
  })
})
