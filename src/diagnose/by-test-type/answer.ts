/** The goal of the run as a question, and what the run says to it in plain words. */
import type { Analysis, Answer, ObjectiveResult, TestType } from '#record/index.js'
import { wilson } from '#stats/index.js'
import { STARVED, type Trust } from '#gate/trust.js'
import type { Evidence } from '../evidence.js'
import { demonstrable } from './objectives.js'
import { duration, number, percent, perSecond, quantity } from './words.js'

type Known = Pick<Analysis, 'testType' | 'steady' | 'objectives' | 'capacity' | 'trends' | 'recovery'>
type Verdict = Answer['verdict']

interface Say {
  readonly verdict: Verdict
  readonly because: readonly string[]
}

const questions: Readonly<Record<TestType, string>> = {
  smoke: 'Does it work at all?',
  load: 'Can it handle the expected traffic?',
  stress: 'What is the maximum, and was it reached?',
  breakpoint: 'Where does it break?',
  soak: 'Does it stay stable over time?',
  spike: 'Does it survive a spike?',
}

/** Errors above this share are a service that does not work, whatever nobody asked of it. */
const broken = 0.05

export function answerOf(evidence: Evidence, known: Known): Answer {
  const question = questions[known.testType ?? 'load']
  const { verdict: trust, reasons } = trustOf(evidence)
  if (trust === 'not-trustworthy') {
    const because = ['The run is not trustworthy, so its numbers answer nothing:', ...reasons]
    return { question, verdict: 'cannot-tell', because }
  }
  if (totals(evidence).requests === 0) {
    return { question, verdict: 'cannot-tell', because: ['No request was recorded.'] }
  }
  const { verdict, because } = sayOf(evidence, known)
  const doubts = reasons.map((reason) => `With a doubt: ${reason}`)
  return { question, verdict, because: [...because, ...doubts] }
}

/**
 * Arrivals that find no free VU are no fault of the injector here: they are how a target that is too slow shows in an
 * open model, and each type of test says what they mean.
 */
function trustOf({ run: { trust } }: Evidence): Pick<Trust, 'verdict' | 'reasons'> {
  if (trust === null) return { verdict: 'trustworthy', reasons: [] }
  // Worst first, and what the injector did wrong before what it lacked: before the first place there is nothing worse.
  const isStarvedOnly = trust.verdict === 'not-trustworthy' && trust.reasons[0]?.startsWith(STARVED) === true
  return isStarvedOnly ? { verdict: 'doubtful', reasons: trust.reasons.slice(1) } : trust
}

function sayOf(evidence: Evidence, known: Known): Say {
  switch (known.testType) {
    case 'stress':
    case 'breakpoint':
      return ofCapacity(known)
    case 'soak':
      return ofSoak(evidence, known)
    case 'spike':
      return ofSpike(known)
    default:
      return ofLoad(evidence, known)
  }
}

function ofLoad(evidence: Evidence, { objectives, testType }: Known): Say {
  const load = loadLine(evidence)
  const errors = errorLine(evidence)
  const lost = droppedLine(evidence)
  const judged = judge(objectives)
  const because = [load, errors.text, ...lost, ...judged.because]
  if (errors.ratio > broken) return { verdict: 'no', because }
  if (judged.verdict === 'no') return { verdict: 'no', because }
  if (lost.length > 0) return { verdict: 'cannot-tell', because }
  if (objectives.length > 0) return { verdict: judged.verdict, because }
  if (testType === 'smoke') {
    return { verdict: errors.ratio === 0 ? 'yes' : 'no', because }
  }
  return {
    verdict: 'cannot-tell',
    because: [...because, 'Nothing says what is good enough: give the script thresholds (`p(95)<200`, `rate<0.01`).'],
  }
}

function ofCapacity({ capacity }: Known): Say {
  if (capacity === null) {
    return { verdict: 'cannot-tell', because: ['The load had too few different levels to show a limit.'] }
  }
  const because = [capacity.note]
  if (capacity.knee === 'reached' && capacity.saturatedFirst !== null) {
    because.push(`First at its limit: ${capacity.saturatedFirst}.`)
  }
  const failing: Record<typeof capacity.failureMode, string> = {
    errors: 'Beyond its limit requests fail.',
    'throughput-collapse': 'Beyond its limit throughput falls.',
    latency: 'Beyond its limit requests wait longer; none is lost.',
    none: 'At no load tried did it fail.',
  }
  because.push(failing[capacity.failureMode])
  const ratio = capacity.littlesLawRatio
  if (ratio !== null && Math.abs(ratio - 1) > 0.1) {
    because.push(`Little's law is off by ${percent(Math.abs(ratio - 1))}: VUs, rate and response time do not agree.`)
  }
  const verdicts = { reached: 'yes', 'not-reached': 'no', 'cannot-tell': 'cannot-tell' } as const
  return { verdict: verdicts[capacity.knee], because }
}

function ofSoak(evidence: Evidence, { objectives, trends, steady }: Known): Say {
  const judged = judge(objectives)
  const errors = errorLine(evidence)
  const growing = trends.filter(({ verdict }) => verdict === 'grows')
  const unsure = trends.filter(({ verdict }) => verdict === 'run-longer')
  const because = [
    ...growing.map(({ source, note }) => `${source} grows: ${note}`),
    ...unsure.map(({ source, note }) => `${source}: ${note}`),
    errors.text,
    ...judged.because,
  ]
  if (growing.length > 0 || judged.verdict === 'no' || errors.ratio > broken) return { verdict: 'no', because }
  if (steady === null || trends.length === 0) {
    return {
      verdict: 'cannot-tell',
      because: [...because, 'Nothing was long enough under the same load to see a trend.'],
    }
  }
  if (unsure.length > 0 || judged.verdict === 'cannot-tell') return { verdict: 'cannot-tell', because }
  const calm = `Nothing of ${trends.length} signals grew in ${duration(steady.toS - steady.fromS)}.`
  return { verdict: 'yes', because: [calm, ...because] }
}

function ofSpike({ recovery, objectives }: Known): Say {
  if (recovery === null) return { verdict: 'cannot-tell', because: ['The load had no spike.'] }
  const { baselineP95Ms, peakP95Ms, errorsDuring, recoveredAfterS, backlogMax, backToBaseline } = recovery
  const because: string[] = []
  if (baselineP95Ms !== null && peakP95Ms !== null) {
    because.push(`p95 went from ${quantity(baselineP95Ms, 'ms')} to ${quantity(peakP95Ms, 'ms')}.`)
  }
  because.push(errorsDuring === 0 ? 'No request failed.' : `${number(errorsDuring)} requests failed.`)
  if (backlogMax !== null && backlogMax > 0) because.push(`At the worst moment ${number(backlogMax)} requests waited.`)
  if (baselineP95Ms === null) {
    because.push('The run began with the spike: there is no calm before it to come back to.')
  } else if (recoveredAfterS === null) {
    because.push('It did not recover before the run ended.')
  } else if (backToBaseline) {
    because.push(`It was back to the baseline ${duration(recoveredAfterS)} after the spike.`)
  } else because.push(`It recovered ${duration(recoveredAfterS)} after the spike, and then fell back again.`)
  const judged = judge(objectives)
  because.push(...judged.because)
  if (baselineP95Ms === null) return { verdict: judged.verdict === 'no' ? 'no' : 'cannot-tell', because }
  const survived = backToBaseline && judged.verdict !== 'no'
  return {
    verdict: survived ? (judged.verdict === 'cannot-tell' && objectives.length > 0 ? 'cannot-tell' : 'yes') : 'no',
    because,
  }
}

/** No as soon as one is missed; yes when all are met with all of their interval. */
function judge(objectives: readonly ObjectiveResult[]): Say {
  const because = objectives.flatMap((objective) => {
    const more = demonstrable(objective)
    return [objectiveLine(objective), ...(more === undefined ? [] : [more])]
  })
  const verdicts = new Set(objectives.map(({ verdict }) => verdict))
  if (verdicts.has('missed')) return { verdict: 'no', because }
  if (verdicts.has('unsure') || verdicts.has('no-data') || objectives.length === 0) {
    return { verdict: 'cannot-tell', because }
  }
  return { verdict: 'yes', because }
}

function objectiveLine({ name, value, unit, low, high, count, verdict }: ObjectiveResult): string {
  if (value === null) return `${name}: no data.`
  const words = { met: 'met', missed: 'missed', unsure: 'not decided', 'no-data': 'no data' } as const
  const side = (end: number | null): string => (end === null ? 'open' : quantity(end, unit))
  return `${name} is ${words[verdict]}: ${quantity(value, unit)} (95 % interval ${side(low)} to ${side(high)}, n=${count.toLocaleString('en-US')}).`
}

function loadLine(evidence: Evidence): string {
  const { requests, seconds } = totals(evidence)
  // In an open model the number of VUs is read between two iterations and says little.
  const isClosed = evidence.run.scenarios.every(({ asked }) => asked === null)
  const vus = Math.max(0, ...Array.from(evidence.load.vus).filter((value) => value > 0))
  const by = isClosed && vus > 0 ? `, at most ${number(vus)} VUs` : ''
  return `${perSecond(requests / seconds)} over ${duration(seconds)}${by}.`
}

function errorLine(evidence: Evidence): { readonly text: string; readonly ratio: number } {
  const { requests, failed } = totals(evidence)
  const ratio = requests === 0 ? 0 : failed / requests
  const { low, high } = wilson(failed, requests)
  const text =
    failed === 0
      ? `No request failed (n=${requests.toLocaleString('en-US')}).`
      : `${percent(ratio)} of the requests failed (95 % interval ${percent(low)} to ${percent(high)}).`
  return { text, ratio }
}

function droppedLine(evidence: Evidence): string[] {
  const asked = evidence.run.scenarios.reduce((sum, scenario) => sum + (scenario.asked ?? 0), 0)
  const dropped = evidence.run.scenarios.reduce((sum, scenario) => sum + scenario.dropped, 0)
  if (asked === 0 || dropped <= 0.01 * asked) return []
  return [
    `${percent(dropped / asked)} of the arrivals found no free VU, so this traffic was never offered: raise maxVUs, and see whether the target then keeps up.`,
  ]
}

function totals(evidence: Evidence): { readonly requests: number; readonly failed: number; readonly seconds: number } {
  const sum = (column: Float64Array): number =>
    column.reduce((all, value) => (Number.isNaN(value) ? all : all + value), 0) * evidence.binS
  return {
    requests: Math.round(sum(evidence.load.requestsPerS)),
    failed: Math.round(sum(evidence.load.failedPerS)),
    seconds: evidence.durationS,
  }
}
