/** The suite itself runs by `npm run faults`; here, whether it asks what it must and counts what it says. */
import { describe, expect, it } from 'vitest'
import { findingKinds } from '#record/findings.js'
import { judge } from './lib/judge.mjs'
import { pairs } from './manifest.mjs'

const ofBrowsers = ['lcp', 'inp', 'cls']
/** No load shows these: they are found in a database itself (test/advise). */
const ofDatabases = ['redundant-index', 'schema', 'plan-regression']

describe('the pairs', () => {
  it('cover every kind of finding that needs no browser, already with those that always run', () => {
    const wanted = findingKinds.filter((kind) => !ofBrowsers.includes(kind) && !ofDatabases.includes(kind))
    const core = pairs.filter((pair) => pair.core === true)
    expect(wanted.filter((kind) => !core.some((pair) => pair.kind === kind))).toEqual([])
    expect(core.length).toBeGreaterThanOrEqual(24)
    for (const service of ['node', 'python', 'go'] as const)
      expect(core.filter((pair) => pair.service === service).length).toBeGreaterThanOrEqual(5)
  })

  it('have names of their own, kinds that exist, and a reason for each kind that they imply', () => {
    const kinds: readonly string[] = findingKinds
    expect(new Set(pairs.map((pair) => pair.name)).size).toBe(pairs.length)
    for (const { name, kind, also = {} } of pairs) {
      expect(kinds, name).toContain(kind)
      for (const [implied, reason] of Object.entries(also)) {
        expect(kinds, name).toContain(implied)
        expect(reason.length, `${name}: ${implied}`).toBeGreaterThan(20)
      }
    }
  })
})

describe('judge', () => {
  const pair = { kind: 'app-cpu', place: /slowPart/, also: { 'lock-contention': 'threads queue for the interpreter' } }
  const finding = (kind: string, where = {}, severity = 'warning') => ({ kind, where, severity })
  const silent = { findings: [] }

  it('takes the kind at the place above info, and nothing else, for found', () => {
    const found = (...findings: ReturnType<typeof finding>[]) => judge(pair, { findings }, silent).found
    expect(found(finding('app-cpu', { function: 'slowPart' }))).toBe(true)
    expect(found(finding('app-cpu', { function: 'quickPart' }))).toBe(false)
    expect(found(finding('app-cpu', { function: 'slowPart' }, 'info'))).toBe(false)
    expect(found(finding('gc-pressure', { function: 'slowPart' }))).toBe(false)
  })

  it('counts what the fault implies as right, anything else and anything healthy as wrong', () => {
    const { right, wrong } = judge(
      pair,
      { findings: [finding('app-cpu', { function: 'slowPart' }), finding('lock-contention'), finding('slow-query')] },
      { findings: [finding('lock-contention'), finding('slow-query', {}, 'info')] },
    )
    expect(right.map((one) => one.kind)).toEqual(['app-cpu', 'lock-contention'])
    expect(wrong.map(({ side, finding: { kind } }) => `${side} ${kind}`)).toEqual([
      'faulty slow-query',
      'healthy lock-contention',
    ])
  })

  it('says why a fault was missed', () => {
    const why = (findings: ReturnType<typeof finding>[]) => judge(pair, { findings }, silent).why
    expect(why([])).toBe('no app-cpu')
    expect(why([finding('slow-query')])).toBe('no app-cpu, but slow-query')
    expect(why([finding('app-cpu', { function: 'other' })])).toContain('another place')
    expect(judge(pair, { findings: [], error: 'did not start' }, silent).why).toBe('did not start')
  })
})
