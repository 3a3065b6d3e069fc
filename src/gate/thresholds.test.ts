import { describe, expect, it } from 'vitest'
import { PerfwrightError } from '#base/errors.js'
import type { ThresholdSpec } from '#config/types.js'
import { defineBuiltinMetrics, MetricAggregate, MetricRegistry, MetricStore, TagRegistry } from '#metrics/index.js'
import { abortMessage, compileThresholds, crossedMessage, ThresholdGate, type ThresholdVerdict } from './thresholds.js'

const SECOND = 1_000_000_000
const spec = (threshold: string, extra: Partial<ThresholdSpec> = {}): ThresholdSpec => ({
  threshold,
  abortOnFail: false,
  delayAbortEvalNs: 0,
  excludeFirstNs: 0,
  windowNs: undefined,
  ...extra,
})

class Run {
  readonly registry = new MetricRegistry()
  readonly tags = new TagRegistry()
  readonly store = new MetricStore(this.registry, this.tags)
  readonly aggregate: MetricAggregate
  readonly gate: ThresholdGate

  constructor(thresholds: Record<string, ThresholdSpec[]>) {
    defineBuiltinMetrics(this.registry)
    this.registry.define('c_c', 'counter')
    this.registry.define('g_g', 'gauge')
    this.registry.define('r_r', 'rate')
    this.registry.define('t_t', 'trend')
    this.aggregate = new MetricAggregate(this.registry)
    this.gate = new ThresholdGate(compileThresholds(thresholds, this.registry), this.aggregate)
  }

  add(second: number, name: string, ...values: number[]): void {
    for (const value of values) this.store.add(this.registry.get(name)!, this.tags.root.with('a', 'b'), value)
    this.aggregate.merge(this.store.drain(), { fromNs: second * SECOND, toNs: (second + 1) * SECOND })
  }
}

/** The samples of the script on which k6's verdicts below were taken. */
function judged(key: string, threshold: string, empty = false): ThresholdVerdict {
  const run = new Run({ [key]: [spec(threshold)] })
  if (!empty) {
    run.add(0, 'c_c', 3)
    run.add(0, 'g_g', 2)
    run.add(0, 'r_r', 1, 0)
    run.add(0, 't_t', 10, 20, -5)
  }
  return run.gate.evaluate(SECOND, true)
}

describe('thresholds, verdicts taken from k6 v2.2', () => {
  it.each([
    ['t_t', 'p(95)<500'],
    ['t_t', 'p<500'],
    ['t_t', 'p<-4'],
    ['t_t', 'avg<1_000'],
    ['t_t', 'avg<0x1p4'],
    ['t_t', 'avg<inf'],
    ['t_t', 'avg!=5'],
    ['t_t', '  avg  <  9  '],
    ['t_t', 'p(1_0)<500'],
    ['t_t', 'med<11'],
    ['t_t', 'min<-4'],
    ['t_t', 'max>19'],
    ['r_r', 'rate>0.4'],
    ['c_c', 'count===3'],
    ['g_g', 'value==2'],
    ['t_t{a:b}', 'max==20'],
  ])('%s: %s holds', (key, threshold) => {
    expect(judged(key, threshold).breached).toEqual([])
  })

  it.each([
    ['t_t', 'p<-6'],
    ['t_t', 'avg<NaN'],
    ['t_t', 'avg===5'],
    ['t_t', 'avg<.5'],
    ['t_t', 'avg<5.'],
    ['t_t', 'avg<+5'],
    ['t_t', 'avg<-5'],
    ['t_t{a:c}', 'max==20'],
  ])('%s: %s does not hold', (key, threshold) => {
    expect(judged(key, threshold).breached).toEqual([key])
  })

  it.each([
    ['t_t', 'avg<1', true],
    ['t_t', 'avg>0', false],
    ['t_t', 'p(95)>1', false],
    ['t_t', 'avg==0', true],
    ['t_t{a:b}', 'max>1', false],
    ['c_c', 'count>0', false],
    ['c_c', 'rate<1', true],
    ['g_g', 'value>0', false],
    ['r_r', 'rate>2', true],
  ])('without a sample %s: %s ends as in k6', (key, threshold, holds) => {
    expect(judged(key, threshold, true).breached).toEqual(holds ? [] : [key])
  })
})

describe("refusals, in k6's words and with its exit code", () => {
  const right = (source: string, inner: string, why = 'invalid syntax'): string =>
    `failed parsing threshold expresion's "${source}" right hand side; reason: strconv.ParseFloat: parsing "${inner}": ${why}`
  const left = (source: string, why: string): string =>
    `failed parsing threshold expression's "${source}" left hand side; reason: ${why}`
  const unsupported = (key: string, source: string, method: string, type: string, all: string): string =>
    `invalid threshold "${source}" applied on metric ${key}; reason: unsupported aggregation method ${method} on metric of type ` +
    `${type}. supported aggregation methods for this metric are: ${all}`
  const badShare = 'malformed percentile value, provide a number between 0 and 100'
  const noFloat = (inner: string): string =>
    `malformed percentile value; reason: strconv.ParseFloat: parsing "${inner}": invalid syntax`

  it.each([
    ['t_t', 'avg<0x10', right('avg<0x10', '0x10')],
    ['t_t', 'avg<1e999', right('avg<1e999', '1e999', 'value out of range')],
    ['t_t', 'avg<=', right('avg<=', '=')],
    ['t_t', 'avg<= ', right('avg<= ', '')],
    ['t_t', 'avg<5ms', right('avg<5ms', '5ms')],
    ['t_t', 'avg!==5', left('avg!==5', 'failed parsing method from expression')],
    ['t_t', '1<avg', left('1<avg', 'failed parsing method from expression')],
    ['t_t', 'AVG>1', left('AVG>1', 'failed parsing method from expression')],
    ['t_t', 'p(101)<5', left('p(101)<5', badShare)],
    ['t_t', 'p(NaN)<5', left('p(NaN)<5', badShare)],
    ['t_t', 'p(x)<5', left('p(x)<5', noFloat('x'))],
    ['t_t', 'p( 95 )<5', left('p( 95 )<5', noFloat(' 95 '))],
    ['t_t', 'p()<5', left('p()<5', noFloat(''))],
    ['t_t', 'avg=5', 'failed parsing threshold expression "avg=5"; reason: malformed threshold expression'],
    ['t_t', 'avg', 'failed parsing threshold expression "avg"; reason: malformed threshold expression'],
    ['t_t', '', 'failed parsing threshold expression ""; reason: malformed threshold expression'],
    ['t_t', 'count>1', unsupported('t_t', 'count>1', 'count', 'trend', 'avg, min, max, med, p')],
    ['c_c', 'avg>1', unsupported('c_c', 'avg>1', 'avg', 'counter', 'count, rate')],
    ['g_g', 'rate>1', unsupported('g_g', 'rate>1', 'rate', 'gauge', 'value')],
    ['r_r', 'count>1', unsupported('r_r', 'count>1', 'count', 'rate', 'rate')],
    ['nope', 'rate>0.4', 'invalid threshold defined on nope; reason: no metric name "nope" found'],
    ['nope{a:b}', 'avg<5', 'invalid threshold defined on nope{a:b}; reason: no metric name "nope{a:b}" found'],
    [
      't_t{a}',
      'avg<5',
      'unable to validate threshold expressions; reason: parsing metric name failed, metric "a" tag expression is malformed',
    ],
  ])('%s: %s', (key, threshold, message) => {
    const error = thrown(() => new Run({ [key]: [spec(threshold)] }))
    expect(error).toBeInstanceOf(PerfwrightError)
    expect((error as PerfwrightError).message).toBe(message)
    expect((error as PerfwrightError).exitCode).toBe(104)
  })
})

describe('judging a run under way', () => {
  it('looks at the whole run so far, and skips what has no sample yet', () => {
    const run = new Run({ c_c: [spec('count<5')], t_t: [spec('avg>1')] })
    run.add(0, 'c_c', 4)
    expect(run.gate.evaluate(2 * SECOND, false).breached).toEqual([])
    run.add(3, 'c_c', 4)
    expect(run.gate.evaluate(4 * SECOND, false)).toMatchObject({ breached: ['c_c'], shouldAbort: false })
    expect(run.gate.evaluate(4 * SECOND, true).breached).toEqual(['c_c', 't_t'])
  })

  it('rates a counter per second of the run', () => {
    const run = new Run({ c_c: [spec('rate<3')] })
    run.add(0, 'c_c', 10)
    expect(run.gate.evaluate(2 * SECOND, false).breached).toEqual(['c_c'])
    expect(run.gate.evaluate(4 * SECOND, false).breached).toEqual([])
    expect(run.gate.last.results[0]?.results[0]).toMatchObject({
      source: 'rate<3',
      aggregation: 'rate',
      ok: true,
      value: 2.5,
    })
  })

  it('asks to abort only for a failing threshold with abortOnFail, once its delay is over', () => {
    const run = new Run({
      c_c: [spec('count<1')],
      t_t: [spec('max<10', { abortOnFail: true, delayAbortEvalNs: 5 * SECOND }), spec('max>0', { abortOnFail: true })],
    })
    run.add(0, 'c_c', 1)
    run.add(0, 't_t', 50)
    expect(run.gate.evaluate(2 * SECOND, false)).toMatchObject({ breached: ['c_c', 't_t'], shouldAbort: false })
    expect(run.gate.evaluate(5 * SECOND, false).shouldAbort).toBe(false)
    expect(run.gate.evaluate(6 * SECOND, false).shouldAbort).toBe(true)
  })

  it('may leave out the warm-up', () => {
    const run = new Run({ t_t: [spec('max<100', { excludeFirstNs: 2 * SECOND, abortOnFail: true }), spec('max<1000')] })
    run.add(0, 't_t', 500)
    expect(run.gate.evaluate(2 * SECOND, false).breached).toEqual([])
    run.add(2, 't_t', 50)
    expect(run.gate.evaluate(4 * SECOND, false).breached).toEqual([])
    run.add(5, 't_t', 150)
    expect(run.gate.evaluate(6 * SECOND, false)).toMatchObject({ breached: ['t_t'], shouldAbort: true })
  })

  it('may hold over a sliding window', () => {
    const run = new Run({
      t_t: [spec('max<100', { windowNs: 3 * SECOND })],
      c_c: [spec('rate>1', { windowNs: 2 * SECOND })],
    })
    run.add(0, 't_t', 500)
    run.add(0, 'c_c', 4)
    expect(run.gate.evaluate(2 * SECOND, false).breached).toEqual(['t_t'])
    run.add(4, 't_t', 50)
    run.add(4, 'c_c', 1)
    expect(run.gate.evaluate(5 * SECOND, false).breached).toEqual(['c_c'])
    expect(run.gate.last.results.map(({ results }) => results[0]?.value)).toEqual([50, 0.5])
  })

  it('shows metrics with thresholds, and their parents, without samples', () => {
    const run = new Run({ 't_t{a:z}': [spec('avg<1')] })
    expect(run.aggregate.observed().map(({ name }) => name)).toEqual(['t_t', 't_t{a:z}'])
  })

  it("says what happened in k6's words", () => {
    expect(crossedMessage(['a', 'b'])).toBe("thresholds on metrics 'a, b' have been crossed")
    expect(abortMessage(['a'])).toBe(
      "thresholds on metrics 'a' were crossed; at least one has abortOnFail enabled, stopping test prematurely",
    )
  })
})

function thrown(fn: () => unknown): unknown {
  try {
    fn()
  } catch (error) {
    return error
  }
  return undefined
}
