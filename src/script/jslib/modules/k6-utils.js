// k6-utils 1.0 to 1.6: small helpers of every script.
import { randomBytes } from 'k6/crypto'
import exec from 'k6/execution'
import { Rate } from 'k6/metrics'

export function randomIntBetween(min, max) {
  return Math.floor(Math.random() * (max - min + 1) + min)
}

export function randomItem(arrayOfItems) {
  return arrayOfItems[Math.floor(Math.random() * arrayOfItems.length)]
}

export function randomString(length, charset = 'abcdefghijklmnopqrstuvwxyz') {
  let text = ''
  for (let n = length; n > 0; n--) text += charset[Math.floor(Math.random() * charset.length)]
  return text
}

/** By Math.random unless `secure`, digit by digit, so that `randomSeed` gives the ids that it gives in k6. */
export function uuidv4(secure = false) {
  const bytes = secure ? new Uint8Array(randomBytes(16)) : undefined
  let text = ''
  for (let i = 0; i < 32; i++) {
    if (i === 8 || i === 12 || i === 16 || i === 20) text += '-'
    if (i === 12) {
      text += '4'
      continue
    }
    const digit = bytes === undefined ? Math.floor(Math.random() * 16) : (bytes[i >> 1] >> (i & 1 ? 0 : 4)) & 15
    text += (i === 16 ? (digit & 3) | 8 : digit).toString(16)
  }
  return text
}

/** What stands between `left` and `right`: the first, or with `repeat` all of them. `null` when there is none. */
export function findBetween(content, left, right, repeat = false) {
  const found = []
  for (let at = 0; ; ) {
    const start = content.indexOf(left, at)
    const end = start < 0 ? -1 : content.indexOf(right, start + left.length)
    if (end < 0) break
    const text = content.substring(start + left.length, end)
    if (!repeat) return text
    found.push(text)
    // Two empty marks would match at the same place for ever.
    at = Math.max(end + right.length, start + 1)
    if (at > content.length) break
  }
  return found.length === 0 ? null : found
}

/**
 * Stages whose targets follow a bell curve from two standard deviations before its middle to two after, scaled so that
 * the highest is `maxVus`; a sixth of the time at each end is for reaching and leaving it.
 */
export function normalDistributionStages(maxVus, durationSeconds, numberOfStages = 10) {
  const density = []
  for (let i = 0; i <= numberOfStages; i++) density.push(Math.exp(-((-2 + (4 * i) / numberOfStages) ** 2) / 2))
  const peak = Math.max(...density)
  const edge = `${Math.ceil(durationSeconds / 6)}s`
  const inner = `${Math.ceil((4 * durationSeconds) / (6 * numberOfStages))}s`
  const stages = density.map((height, i) => ({
    duration: i === 0 ? edge : inner,
    target: Math.round((height * maxVus) / peak),
  }))
  stages.push({ duration: edge, target: 0 })
  return stages
}

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of '1d2h3m4s5ms'; a number without a unit is milliseconds. */
export function parseDuration(str) {
  if (str === null || str === undefined || str.length < 1) throw new Error('str is empty')
  const text = String(str)
  const seen = new Set()
  let total = 0
  let at = 0
  for (const part of text.matchAll(/([\d.]+)(ms|[a-zA-Z])?/g)) {
    if (part.index !== at) break
    at += part[0].length
    const unit = part[2]
    if (unit === undefined) {
      total += Number.parseFloat(part[1])
      continue
    }
    if (!Object.hasOwn(unitMs, unit)) throw new Error(`${unit} is an unsupported time unit`)
    if (seen.has(unit)) throw new Error(`${unit} time unit is provided multiple times`)
    seen.add(unit)
    const value = Number.parseFloat(part[1])
    total += unit === 'ms' ? Math.trunc(value) : value * unitMs[unit]
  }
  if (at < text.length) throw new Error(`${text[at]} is an unsupported time unit`)
  return total
}

export function getCurrentStageIndex() {
  const stages = currentStages()
  const elapsedMs = Date.now() - exec.scenario.startTime
  let endMs = 0
  for (let i = 0; i < stages.length; i++) {
    endMs += parseDuration(stages[i].duration)
    if (elapsedMs < endMs) return i
  }
  return stages.length - 1
}

export function tagWithCurrentStageIndex() {
  exec.vu.tags.stage = getCurrentStageIndex()
}

/** Tags what follows with `stage_profile`: ramp-up, steady or ramp-down. */
export function tagWithCurrentStageProfile() {
  const index = getCurrentStageIndex()
  const stages = currentStages()
  // The first stage counts as going up, whatever the VUs it started from.
  const change = index === 0 ? 1 : stages[index].target - stages[index - 1].target
  exec.vu.tags.stage_profile = change > 0 ? 'ramp-up' : change < 0 ? 'ramp-down' : 'steady'
}

function currentStages() {
  const { name } = exec.scenario
  const scenario = exec.test.options.scenarios?.[name]
  if (scenario === null || scenario === undefined) {
    throw new Error(`the exec.test.options object doesn't contain the current scenario ${name}`)
  }
  if (scenario.stages === null || scenario.stages === undefined) {
    throw new Error(
      'only ramping-vus or ramping-arravial-rate supports stages, it is not possible to get a stage index on other executors.',
    )
  }
  if (scenario.stages.length < 1) throw new Error(`the current scenario ${name} doesn't contain any stage`)
  return scenario.stages
}

const checks = new Rate('checks')

/** As k6's check, but promises among the value, the checks and their results are awaited; then it answers a promise. */
export function check(value, checkers, tags) {
  if (isPromise(value)) return value.then((settled) => check(settled, checkers, tags))
  const results = Object.entries(checkers).map(([name, checker]) => {
    const record = (result) => {
      checks.add(result ? 1 : 0, { ...tags, check: name })
      return Boolean(result)
    }
    const result = typeof checker === 'function' ? checker(value) : checker
    return isPromise(result) ? result.then(record) : record(result)
  })
  if (results.some(isPromise)) {
    return Promise.all(results.map((result) => Promise.resolve(result))).then((settled) => settled.every(Boolean))
  }
  return results.every(Boolean)
}

/** By its tag: a promise of the engine need not be of this realm. */
function isPromise(value) {
  return Object.prototype.toString.call(value) === '[object Promise]'
}
