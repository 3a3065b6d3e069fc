import { describe, expect, it } from 'vitest'
import { failOnCheck, failOnError } from './fail-on.js'

describe('verdicts on request', () => {
  it('fail a run with a failing check, and name it', () => {
    expect(failOnCheck([{ name: 'status is 200', passes: 9, fails: 0 }]).ok).toBe(true)
    expect(failOnCheck([]).ok).toBe(true)
    expect(
      failOnCheck([
        { name: 'a', passes: 9, fails: 2 },
        { name: 'b', passes: 0, fails: 1 },
      ]),
    ).toEqual({
      ok: false,
      reason: "3 of the checks failed: 'a', 'b'",
    })
  })

  it('name five failing checks at most', () => {
    const checks = Array.from({ length: 8 }, (_, i) => ({ name: `c${i}`, passes: 0, fails: 1 }))
    expect(failOnCheck(checks).reason).toBe("8 of the checks failed: 'c0', 'c1', 'c2', 'c3', 'c4', 3 more")
  })

  it('fail a run with thrown iterations or unanswered requests', () => {
    expect(failOnError({ iterationsThrown: 0, requestsUnanswered: 0 }).ok).toBe(true)
    expect(failOnError({ iterationsThrown: 2, requestsUnanswered: 1 }).reason).toBe(
      '2 iterations ended by an exception and 1 requests got no response',
    )
  })
})
