import { describe, expect, it } from 'vitest'
import type { PerfwrightError } from '#base/errors.js'
import { consolidateOptions, exportOptions, inspectConsolidated, inspectOptions, type OptionSources } from './index.js'
import { readFlagTier } from './tiers.js'

const S = 1e9
const run = (sources: Omit<OptionSources, 'hasExport'>): ReturnType<typeof consolidateOptions> =>
  consolidateOptions({ ...sources, hasExport: (name) => name === 'default' || name === 'other' })
const failure = (sources: Omit<OptionSources, 'hasExport'>): PerfwrightError => {
  try {
    run(sources)
  } catch (error) {
    return error as PerfwrightError
  }
  throw new Error('expected an error')
}
const flags = (raw: Record<string, unknown>): Readonly<Record<string, unknown>> => readFlagTier(raw).tier

describe('precedence', () => {
  it('is defaults < config file < script < environment < flags', () => {
    const all = {
      defaults: { batch: 1, rps: 1, maxRedirects: 1, batchPerHost: 1, userAgent: 'd' },
      configFile: { batch: 2, rps: 2, maxRedirects: 2, batchPerHost: 2 },
      script: { batch: 3, rps: 3, maxRedirects: 3 },
      env: { K6_BATCH: '4', K6_RPS: '4' },
      flags: flags({ batch: '5' }),
    }
    const { options } = run(all)
    expect([options.batch, options.rps, options.maxRedirects, options.batchPerHost, options.userAgent]).toEqual([
      5,
      4,
      3,
      2,
      'd',
    ])
  })

  it('drops all four ways to execute of the lower tiers, with a warning when those were scenarios', () => {
    const { options, warnings } = run({
      script: { vus: 7, scenarios: { a: { executor: 'constant-vus', duration: '10s' } } },
      flags: flags({ duration: '2s' }),
    })
    expect(Object.keys(options.scenarios)).toEqual(['default'])
    expect(options.scenarios['default']).toMatchObject({ executor: 'constant-vus', vus: 7, durationNs: 2 * S })
    expect(warnings).toEqual(['"cli" level configuration overrode scenarios configuration entirely'])
    expect(
      run({ configFile: { iterations: 9 }, script: { stages: [{ duration: 1000, target: 3 }] } }).options.scenarios[
        'default'
      ],
    ).toMatchObject({ executor: 'ramping-vus', startVUs: 1, stages: [{ durationNs: S, target: 3 }] })
  })

  it('replaces tags whole, unless they are to be merged, and merges the parts of dns', () => {
    const sources = {
      script: { tags: { a: '1', b: '2' }, dns: { ttl: '1m', select: 'first' } },
      env: { K6_TAGS: 'b:3', K6_DNS: 'select=roundRobin' },
    }
    expect(run(sources).options.tags).toEqual({ b: '3' })
    expect({ ...run({ ...sources, mergeRunTags: true }).options.tags }).toEqual({ a: '1', b: '3' })
    expect(run(sources).options.dns).toEqual({ ttlMs: 60_000, select: 'roundRobin', policy: 'preferIPv4' })
  })
})

describe('short forms', () => {
  it.each([
    [{}, { executor: 'per-vu-iterations', vus: 1, iterations: 1, maxDurationNs: 600 * S }],
    [{ vus: 5 }, { executor: 'shared-iterations', vus: 5, iterations: 5 }],
    [{ iterations: 9 }, { executor: 'shared-iterations', vus: 1, iterations: 9 }],
    [
      { iterations: 9, duration: '3s', vus: 2 },
      { executor: 'shared-iterations', vus: 2, iterations: 9, maxDurationNs: 3 * S },
    ],
    [{ duration: 3000 }, { executor: 'constant-vus', vus: 1, durationNs: 3 * S }],
    [
      { Vus: '4', DURATION: '3s' },
      { executor: 'constant-vus', vus: 4, durationNs: 3 * S },
    ],
  ])('%j', (script, scenario) => {
    expect(run({ script }).options.scenarios['default']).toMatchObject(scenario)
  })

  it.each([
    [{ iterations: 1, stages: [{ duration: '1s', target: 1 }] }, 'iterations', 'stages'],
    [{ iterations: 1, scenarios: {} }, 'iterations', 'scenarios'],
    [{ duration: '1s', stages: [{ duration: '1s', target: 1 }] }, 'duration', 'stages'],
    [{ duration: '1s', scenarios: {} }, 'duration', 'scenarios'],
    [{ stages: [{ duration: '1s', target: 1 }], scenarios: {} }, 'stages', 'scenarios'],
  ])('refuses two at once: %j', (script, a, b) => {
    const error = failure({ script })
    expect([error.exitCode, error.message]).toEqual([
      104,
      `using \`${a}\` and \`${b}\` options simultaneously is not allowed`,
    ])
  })

  it('warns where an empty value or vus alone changes what was meant', () => {
    expect(run({ script: { stages: [] } }).warnings).toEqual([
      '`stages` was explicitly set to an empty value, running the script with 1 iteration in 1 VU',
    ])
    expect(
      run({ script: { vus: 3, scenarios: { a: { executor: 'constant-vus', duration: '1s' } } } }).warnings,
    ).toEqual(['`vus=3` overrides scenarios configuration'])
  })
})

describe('mistakes', () => {
  it('are reported all at once', () => {
    const error = failure({
      script: {
        scenarios: {
          'a b': { executor: 'constant-vus', duration: '0s', exec: 'gone' },
          r: { executor: 'constant-arrival-rate', rate: 0, duration: '1s', preAllocatedVUs: 5, maxVUs: 2 },
        },
        setupTimeout: 0,
      },
    })
    expect(error.exitCode).toBe(104)
    expect(error.message).toBe(
      [
        'There were problems with the specified script configuration:',
        '\t- scenario a b has configuration errors: the scenario name should contain only numbers, latin letters, underscores, and dashes, the duration must be at least 1s, but is 0s',
        "\t- scenario r has configuration errors: the iteration rate must be more than 0, maxVUs can't be less than preAllocatedVUs",
        '\t- setupTimeout must be positive',
        "\t- executor a b: function 'gone' not found in exports",
      ].join('\n'),
    )
  })

  it('of form are reported all at once, with the path of the option', () => {
    const error = failure({ script: { vus: 1.5, duration: 'x', tags: { a: 5 } }, env: { K6_RPS: 'y' } })
    expect(error.message.split('\n').slice(1)).toEqual([
      '\t- vus: option "vus" must be a whole number, got 1.5',
      '\t- duration: time: invalid duration "x"',
      '\t- tags.a: option "tags.a" must be a string, got 5',
      '\t- K6_RPS: environment variable K6_RPS="y": strconv.ParseInt: parsing "y": invalid syntax',
    ])
  })

  it.each([
    [{ duration: '1x' }, 104, 'time: unknown unit "x" in duration "1x"'],
    [{ scenarios: { a: {} } }, 104, "scenario 'a' doesn't have a specified executor type"],
    [{ scenarios: { a: { executor: 'foo' } } }, 104, "unknown executor type 'foo'"],
    [{ scenarios: { a: { executor: '__proto__' } } }, 104, "unknown executor type '__proto__'"],
    [{ scenarios: { a: { executor: 'constant-vus', duration: '1s', foo: 1 } } }, 104, 'json: unknown field "foo"'],
    [{ hosts: { 'a b': '1.2.3.4' } }, 104, "invalid host pattern 'a b'"],
    [{ dns: { select: 'foo' } }, 104, 'foo does not belong to DNSSelect values'],
    [{ dns: { ttl: 'x' } }, 255, 'invalid DNS TTL: x'],
    [{ tlsVersion: 'tls1.9' }, 104, "unknown TLS version 'tls1.9'"],
    [{ blacklistIPs: ['x'] }, 104, "failed to parse CIDR 'x': invalid CIDR address: x"],
    [{ summaryTrendStats: ['foo'] }, 255, "invalid trend stat 'foo', unknown format"],
    [
      { summaryTrendStats: ['p(101)'] },
      255,
      "invalid percentile trend stat value 'p(101)', provide a number between 0 and 100",
    ],
    [{ executionSegment: '2' }, 104, "segment end value can't be more than 1 but was 2.00"],
    [{ vus: Number.NaN }, 255, 'error parsing script options: json: unsupported value: NaN'],
    [5, 104, 'option "options" must be an object, got 5'],
    [{ tlsAuth: [{ cert: 'x', key: 'y', domains: [] }] }, 104, 'tls: failed to find any PEM data in certificate input'],
  ])("%j fails in k6's words", (script, exitCode, message) => {
    const error = failure({ script })
    expect(error.exitCode).toBe(exitCode)
    expect(error.message).toContain(message)
  })

  it('of spelling only warn at the top level', () => {
    expect(run({ script: { foo: 1, vus: 1 } }).warnings).toEqual([
      'There were unknown fields in the options exported in the script: "foo"',
    ])
  })

  it('survive hostile keys and cycles', () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    expect(failure({ script: cyclic }).message).toContain('error parsing script options')
    const { options } = run({ script: JSON.parse('{"tags":{"__proto__":"x"},"__proto__":{"vus":3}}') })
    expect(Object.keys(options.tags)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['vus']).toBeUndefined()
  })
})

describe('values', () => {
  it('reads what the executors need', () => {
    const { scenarios } = run({
      script: {
        scenarios: {
          a: {
            executor: 'ramping-arrival-rate',
            startTime: '5s',
            timeUnit: '1m',
            preAllocatedVUs: 4,
            stages: [{ duration: '10s', target: 6 }],
            exec: 'other',
            env: { X: '1' },
            tags: { t: 'u' },
          },
        },
      },
    }).options
    expect(scenarios['a']).toEqual({
      name: 'a',
      executor: 'ramping-arrival-rate',
      startTimeNs: 5 * S,
      gracefulStopNs: 30 * S,
      exec: 'other',
      env: { X: '1' },
      tags: { t: 'u' },
      options: {},
      startRate: 0,
      timeUnitNs: 60 * S,
      stages: [{ durationNs: 10 * S, target: 6 }],
      preAllocatedVUs: 4,
      maxVUs: 4,
    })
  })

  it('reads thresholds with our own keys beside k6s', () => {
    const { thresholds } = run({
      script: {
        thresholds: {
          a: [
            'p(95)<5',
            { threshold: 'max<9', abortOnFail: true, delayAbortEval: '10s', excludeFirst: '30s', window: '1m' },
          ],
        },
      },
    }).options
    expect(thresholds['a']).toEqual([
      { threshold: 'p(95)<5', abortOnFail: false, delayAbortEvalNs: 0, excludeFirstNs: 0, windowNs: undefined },
      { threshold: 'max<9', abortOnFail: true, delayAbortEvalNs: 10 * S, excludeFirstNs: 30 * S, windowNs: 60 * S },
    ])
  })

  it('survives a structured clone, for it crosses to worker threads', () => {
    const { options } = run({ script: { thresholds: { a: ['p(95)<5'] }, tags: { a: 'b' } } })
    expect(JSON.stringify(structuredClone(options))).toBe(JSON.stringify(options))
  })
})

describe('printed options', () => {
  const script = {
    duration: '90s',
    vus: 2,
    thresholds: { http_reqs: ['count>0', { threshold: 'rate>1', abortOnFail: true }] },
    tags: { b: '1', a: '2' },
    setupTimeout: 5000,
    blockHostnames: ['B.com'],
    hosts: { 'B.com': '1.2.3.4' },
  }

  // As `k6 run` (v2.2) prints JSON.stringify(exec.test.options) for these.
  it('of exec.test.options are the consolidated ones in the form of k6', () => {
    expect(JSON.stringify(exportOptions(run({ script }).options))).toBe(
      '{"paused":null,"scenarios":{"default":{"executor":"constant-vus","startTime":null,"gracefulStop":null,"env":null,"exec":null,"tags":null,"vus":2,"duration":"1m30s"}},"executionSegment":null,"executionSegmentSequence":null,"noSetup":null,"setupTimeout":"5s","noTeardown":null,"teardownTimeout":null,"handleSummaryTimeout":null,"rps":null,"dns":{"ttl":null,"select":null,"policy":null},"maxRedirects":null,"userAgent":null,"batch":null,"batchPerHost":null,"httpDebug":null,"insecureSkipTLSVerify":null,"tlsCipherSuites":null,"tlsVersion":null,"tlsAuth":null,"throw":null,"thresholds":{"http_reqs":["count>0",{"threshold":"rate>1","abortOnFail":true,"delayAbortEval":null}]},"blacklistIPs":null,"blockHostnames":["B.com"],"hosts":{"b.com":"1.2.3.4"},"noConnectionReuse":null,"noVUConnectionReuse":null,"minIterationDuration":null,"ext":null,"summaryTrendStats":["avg","min","med","max","p(90)","p(95)"],"summaryTimeUnit":null,"systemTags":["check","error","error_code","expected_response","group","method","name","proto","scenario","service","status","subproto","tls_version","url"],"tags":{"a":"2","b":"1"},"metricSamplesBufferSize":null,"noCookiesReset":null,"discardResponseBodies":null,"features":null,"consoleOutput":null,"localIPs":null}',
    )
  })

  it('of inspect are those of the script alone, or the consolidated ones with the short forms', () => {
    const alone = inspectOptions(script)
    expect(Object.keys(alone).slice(0, 6)).toEqual(['paused', 'vus', 'duration', 'iterations', 'stages', 'scenarios'])
    expect([alone['duration'], alone['scenarios'], alone['summaryTrendStats'], 'consoleOutput' in alone]).toEqual([
      '1m30s',
      null,
      null,
      false,
    ])
    const whole = inspectConsolidated(run({ script: { vus: 3 } }).options)
    expect([whole['vus'], whole['iterations'], whole['duration'], 'localIPs' in whole]).toEqual([3, 3, null, false])
  })
})
