import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { likeness } from './environment.js'
import { type Asker, interview } from './interview.js'
import { type Answers, makePlan } from './make-plan.js'
import { readPlan } from './read-plan.js'
import { planJsonSchema, serviceTypes, testTypes } from './schema.js'
import { sloByService } from './questions.js'
import { thresholdsOf } from './slo.js'
import { loadModel } from './traffic.js'
import { planText } from './write-plan.js'

const answers: Answers = { script: './journey.ts', urls: ['http://127.0.0.1:8080'], traffic: { usersPerDay: 86_400 } }

describe('the load', () => {
  it("follows Little's law from users a day to requests, iterations and VUs", () => {
    // 86,400 users a day are one a second; three a second at the peak, five minutes each: 900 at a time.
    const model = loadModel({ usersPerDay: 86_400, session: '5m', thinkTime: '4s', peakFactor: 3 }, 0.5)
    expect(model.concurrentUsers).toBeCloseTo(900, 9)
    expect(model.peakRps).toBeCloseTo(900 / 4.5, 9)
    expect(model.averageRps).toBeCloseTo(200 / 3, 9)
    expect(model.journeysPerS).toBeCloseTo(40, 9)
    expect(model.journeysPerS * model.journeyS).toBeCloseTo(model.concurrentUsers, 9)
    expect(model.steps.join('\n')).toContain('L = lambda W: 3/s x 5m = 900')
  })

  it('is scaled by what the environment can do of production', () => {
    const whole = loadModel({ peakRps: 800 }, 0.2)
    const part = loadModel({ peakRps: 800 }, 0.2, 0.125)
    expect(part.peakRps).toBe(100)
    expect(part.concurrentUsers).toBeCloseTo(whole.concurrentUsers / 8, 9)
    expect(part.steps.join('\n')).toContain('0.125 (scaling factor) = 100 requests/s')
  })

  it('of every type of test is one that the engine takes, and keeps its rates within 2 % of what was computed', () => {
    for (const type of testTypes) {
      const { plan } = makePlan({ ...answers, type, traffic: { peakRps: 7.3, requestsPerJourney: 5 } })
      const { options } = readPlan(planText(makePlan({ ...answers, type, traffic: { peakRps: 7.3 } })), 'plan.yaml')
      expect(Object.keys(options['scenarios'] as object), type).toEqual(['journey'])
      if (type !== 'load') continue
      const { journey } = plan.scenarios as Record<string, { timeUnit: string; stages: { target: number }[] }>
      const perS = (journey?.stages[0]?.target ?? 0) / { '1s': 1, '1m': 60, '1h': 3600 }[journey?.timeUnit as '1s']
      expect(Math.abs(perS / (7.3 / 5) - 1)).toBeLessThan(0.02)
    }
  })

  it('rises gradually in all tests but the spike, which is three times the peak within seconds', () => {
    const stages = (type: 'load' | 'spike'): { duration: string; target: number }[] =>
      (makePlan({ ...answers, type }).plan.scenarios as Record<string, { stages: [] }>)['journey']?.stages ?? []
    expect(stages('load')[0]?.duration).toBe('5m')
    const [base, edge] = stages('spike')
    expect(edge?.duration).toBe('10s')
    // The average is a third of the peak.
    expect((edge?.target ?? 0) / (base?.target ?? 1)).toBeCloseTo(9, 0)
  })
})

describe('the type of the test', () => {
  it('comes from the question', () => {
    const types = (['expected', 'capacity', 'stability', 'spike', 'works'] as const).map(
      (question) => makePlan({ ...answers, question }).plan.type,
    )
    expect(types).toEqual(['load', 'stress', 'soak', 'spike', 'smoke'])
  })

  it('for the capacity of a service of which nothing is known is a breakpoint test, which ends once it broke', () => {
    const { plan } = makePlan({ ...answers, question: 'capacity', traffic: {} })
    expect(plan.type).toBe('breakpoint')
    expect(JSON.stringify(plan.options)).toContain('"abortOnFail":true')
  })

  it('is refused where it needs traffic that nobody gave', () => {
    expect(() => makePlan({ ...answers, question: 'expected', traffic: {} })).toThrow('needs the traffic to expect')
  })
})

describe('the environment', () => {
  it('has a factor of replicas times the scarcer of cores and memory; rows are compared and not multiplied', () => {
    const { scalingFactor, steps, caveats } = likeness({
      cores: { test: 2, production: 8 },
      memory: { test: '2GiB', production: '4GiB' },
      replicas: { test: 1, production: 2 },
      dataRows: { test: 1000, production: 1_000_000 },
    })
    expect(scalingFactor).toBe(0.125)
    expect(steps.at(-1)).toContain('min(0.25, 0.5) x 0.5 = 0.125')
    expect(caveats.join(' ')).toMatch(/not linear.*0\.1 % of production/s)
  })

  it('takes the factor that a person wrote', () => {
    expect(likeness({ cores: { test: 2, production: 8 }, scalingFactor: 0.3 }).scalingFactor).toBe(0.3)
  })
})

describe('objectives', () => {
  it('are those of the kind of service, as thresholds of k6', () => {
    expect(thresholdsOf(sloByService['user-facing-api'])).toEqual({
      http_req_duration: ['p(95)<200', 'p(99)<500'],
      http_req_failed: ['rate<0.001'],
    })
    expect(thresholdsOf(sloByService['background-job']).http_req_duration).toEqual(['p(95)<5000', 'p(99)<10000'])
    expect(serviceTypes.map((service) => sloByService[service].p99)).toEqual([
      '500ms',
      '300ms',
      '100ms',
      '10s',
      '100ms',
    ])
  })
})

describe('a plan file', () => {
  const text = planText(
    makePlan({
      ...answers,
      environment: { cores: { test: 2, production: 8 } },
      observe: ['postgres://a:b@127.0.0.1/shop'],
      allow: ['api.stripe.com'],
      rows: { products: 2_000_000 },
    }),
  )

  it('reads back as what was planned', () => {
    const read = readPlan(text, 'plan.yaml')
    expect(read.plan.type).toBe('load')
    expect(read.scalingFactor).toBe(0.25)
    expect(read.plan.allow).toEqual(['api.stripe.com'])
    expect(read.plan.data?.rows).toEqual({ products: 2_000_000 })
    expect(Object.keys(read.k6Options)).toEqual(['scenarios', 'thresholds'])
  })

  it('says how its numbers came about', () => {
    expect(text).toMatch(/# users at a time, L = lambda W: 3\/s x 5m = 900/)
    expect(text).toContain('# cores: 2 here, 8 in production = 0.25')
  })

  it('is refused with the line of every mistake and what was probably meant', () => {
    const lineOf = (word: string): number => bad.split('\n').findIndex((line) => line.includes(word)) + 1
    const bad = text
      .replace('question: expected', 'qestion: expected')
      .replace('type: load', 'type: laod')
      .replace('p95: 200ms', 'p95: fast')
      .replace('peakFactor: 3', 'peakFactor: 0')
    const message = messageOf(bad)
    expect(message).toContain(`plan.yaml:${lineOf('qestion')}:1: there is no "qestion"; did you mean "question"?`)
    expect(message).toContain(`plan.yaml:${lineOf('laod')}:7: type: there is no "laod"; did you mean "load"?`)
    expect(message).toMatch(new RegExp(`plan.yaml:${lineOf('fast')}:8: slo.p95: "fast" cannot be read`))
    expect(message).toContain(`plan.yaml:${lineOf('peakFactor: 0')}:15: traffic.peakFactor`)
  })

  it('is refused for options that k6 does not have or cannot read, with their lines', () => {
    const added = `${text}options:\n  discardResponseBodis: true\n`
    expect(messageOf(added)).toMatch(
      /:\d+:3: k6 has no option "discardResponseBodis"; did you mean "discardResponseBodies"/,
    )
    const rate = text.replace(/target: \d+/, 'target: many')
    const line = rate.split('\n').findIndex((row) => row.includes('many')) + 1
    expect(messageOf(rate)).toContain(`plan.yaml:${line}:17: scenarios.journey`)
    expect(messageOf(text.replace('ramping-arrival-rate', 'ramping-arival-rate'))).toMatch(/:\d+:5: .*unknown executor/)
  })

  it('that is no YAML, or a bomb of aliases, is refused and not unfolded', () => {
    expect(messageOf('plan: [1')).toMatch(/plan.yaml:\d+:\d+: /)
    const bomb = Array.from({ length: 12 }, (_, i) =>
      i === 0
        ? 'a0: &a0 [x,x,x,x,x,x,x,x,x]'
        : `a${i}: &a${i} [${Array(9)
            .fill(`*a${i - 1}`)
            .join(',')}]`,
    ).join('\n')
    expect(messageOf(bomb)).toMatch(/alias/i)
  })

  it('has a JSON schema in the repository that is the declared one', () => {
    const file = readFileSync(new URL('../../schemas/plan.schema.json', import.meta.url), 'utf8')
    expect(JSON.parse(file), 'run: node scripts/write-plan-schema.mjs').toEqual(
      JSON.parse(JSON.stringify(planJsonSchema())),
    )
  })
})

describe('the questions on a terminal', () => {
  it('lead to a plan, and ask nothing that is known', async () => {
    const asked: string[] = []
    const says: Record<string, string> = { 'Users a day': '20000', 'Cores of one replica, here': '4' }
    const asker: Asker = {
      text: (question, fallback) => {
        asked.push(question)
        return Promise.resolve(says[question] ?? fallback)
      },
      choose: (question) => {
        asked.push(question)
        return Promise.resolve(/like production/.test(question) ? 1 : 0)
      },
    }
    const found = await interview(asker, { ...answers, service: 'internal-api', urls: [], traffic: {} })
    expect(asked).not.toContain('What kind of service is it?')
    expect(found.traffic.usersPerDay).toBe(20_000)
    expect(found.environment?.cores).toEqual({ test: 4, production: 8 })
    expect(makePlan(found).plan.type).toBe('load')
  })
})

function messageOf(text: string): string {
  try {
    readPlan(text, 'plan.yaml')
  } catch (error) {
    return (error as Error).message
  }
  return 'it was read'
}
