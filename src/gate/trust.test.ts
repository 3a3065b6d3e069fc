import { describe, expect, it } from 'vitest'
import type { InjectorSecond } from './injector.js'
import { judgeTrust, type Trust, type TrustInput } from './trust.js'

const second: InjectorSecond = {
  threadCpu: [0.3],
  threadBusy: [0.31],
  runDelay: 0.01,
  loopLagMs: 1,
  gc: 0.01,
  steal: 0,
  throttled: 0,
  openFds: 100,
  fdLimit: 20_000,
  portsLeft: 28_000,
  portsTotal: 28_232,
}
const calm: TrustInput = {
  injector: seconds(4),
  asked: 0,
  dropped: 0,
  startLagMsP99: undefined,
  latencyMsP99: undefined,
  clockStepMs: 0,
  missing: [],
}

/** `length` seconds, those in `at` with something else. */
function seconds(length: number, change: Partial<InjectorSecond> = {}, at?: readonly number[]): InjectorSecond[] {
  return Array.from({ length }, (_, i) => (at === undefined || at.includes(i) ? { ...second, ...change } : second))
}

function judge(change: Partial<InjectorSecond>, at?: readonly number[]): Trust {
  return judgeTrust({ ...calm, injector: seconds(10, change, at) })
}

describe('judgeTrust', () => {
  it('believes a calm injector', () => {
    expect(judgeTrust(calm)).toEqual({ verdict: 'trustworthy', reasons: [] })
  })

  it('does not believe a saturated injector, and says how many cores it would take', () => {
    const trust = judge({ threadCpu: [0.99, 0.97], threadBusy: [0.99, 0.98] })
    expect(trust.verdict).toBe('not-trustworthy')
    expect(trust.reasons[0]).toContain('saturated')
    expect(trust.reasons[0]).toContain('used 2.0 cores on 2 threads; this load takes about 3')
  })

  it('counts what an open model was asked for and did not get into the cores it would take', () => {
    const trust = judgeTrust({
      ...calm,
      injector: seconds(10, { threadCpu: [1], threadBusy: [1] }),
      asked: 4000,
      dropped: 3000,
    })
    expect(trust.reasons[0]).toContain('this load takes about 6 (')
  })

  it('forgives one busy second, and says nothing of a run of two seconds', () => {
    expect(judge({ threadBusy: [0.99] }, [4]).verdict).toBe('trustworthy')
    expect(judgeTrust({ ...calm, injector: seconds(2, { threadBusy: [1] }) }).verdict).toBe('trustworthy')
  })

  it('names a starved open model, and weighs it by its share', () => {
    expect(judgeTrust({ ...calm, asked: 100_000, dropped: 1 }).verdict).toBe('doubtful')
    expect(judgeTrust({ ...calm, asked: 100, dropped: 40 }).verdict).toBe('not-trustworthy')
  })

  it('doubts late starts, clock steps and holes in the record', () => {
    expect(judgeTrust({ ...calm, startLagMsP99: 40 }).reasons[0]).toContain('40.0 ms')
    expect(judgeTrust({ ...calm, clockStepMs: -3000 }).reasons[0]).toContain('-3000 ms')
    expect(judgeTrust({ ...calm, missing: ['seconds 3 to 5'] }).reasons[0]).toContain('seconds 3 to 5')
  })

  it('weighs lateness of the event loop by the latency that it is part of', () => {
    expect(judge({ loopLagMs: 80 }).verdict).toBe('not-trustworthy')
    expect(judge({ loopLagMs: 20 }).verdict).toBe('doubtful')
    expect(judge({ loopLagMs: 20 }, [1]).verdict).toBe('trustworthy')
    const slowTarget = { ...calm, latencyMsP99: 400 }
    expect(judgeTrust({ ...slowTarget, injector: seconds(10, { loopLagMs: 60 }) }).verdict).toBe('trustworthy')
    expect(judgeTrust({ ...slowTarget, injector: seconds(10, { loopLagMs: 90 }) }).verdict).toBe('doubtful')
  })

  it.each([
    ['garbage collection', { gc: 0.3 }],
    ['Other processes', { runDelay: 0.4 }],
    ['steal', { steal: 0.3 }],
    ['throttled', { throttled: 0.2 }],
    ['950 of 1000 file descriptors', { openFds: 950, fdLimit: 1000 }],
    ['200 of 28232 local ports', { portsLeft: 200 }],
  ])('doubts a run under %s', (text, change) => {
    const trust = judge(change)
    expect(trust.verdict).toBe('doubtful')
    expect(trust.reasons.join()).toContain(text)
  })

  it('takes what this system does not tell as unknown, not as a fault', () => {
    const unknown = { runDelay: undefined, steal: undefined, throttled: undefined, openFds: undefined }
    expect(judge({ ...unknown, fdLimit: undefined, portsLeft: undefined, portsTotal: undefined }).reasons).toEqual([])
  })
})
