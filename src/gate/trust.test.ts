import { describe, expect, it } from 'vitest'
import { judgeTrust, type TrustInput } from './trust.js'

const calm: TrustInput = {
  cpuRatios: [0.2, 0.3, 0.25, 0.3],
  loopLagMsP99: [1, 2, 1, 1],
  asked: 0,
  dropped: 0,
  startLagMsP99: undefined,
  clockStepMs: 0,
  missing: [],
}

describe('judgeTrust', () => {
  it('believes a calm injector', () => {
    expect(judgeTrust(calm)).toEqual({ verdict: 'trustworthy', reasons: [] })
  })

  it('does not believe a saturated injector', () => {
    const trust = judgeTrust({ ...calm, cpuRatios: [0.99, 1, 0.98, 0.5] })
    expect(trust.verdict).toBe('not-trustworthy')
    expect(trust.reasons[0]).toContain('saturated')
  })

  it('forgives one busy second', () => {
    expect(judgeTrust({ ...calm, cpuRatios: [0.99, 0.2, 0.2, 0.2, 0.2, 0.2] }).verdict).toBe('trustworthy')
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

  it('does not believe an event loop that is late most of the time', () => {
    expect(judgeTrust({ ...calm, loopLagMsP99: [80, 90, 1, 120] }).verdict).toBe('not-trustworthy')
    expect(judgeTrust({ ...calm, loopLagMsP99: [20, 15, 1, 1] }).verdict).toBe('doubtful')
  })
})
