/**
 * Module `k6`: check, group, sleep, fail, randomSeed. Texts of errors are k6's.
 * Source: grafana.com/docs/k6, "javascript-api/k6"; each text verified on k6 2.2.
 */
import { isPersonsAsync } from '#script/index.js'
import { goRandom } from './random/index.js'
import type { VuScope } from '../types.js'
import type { Vu } from '../vu.js'

export function createK6Module(scope: VuScope): Record<string, unknown> {
  const vu = scope as Vu
  const functions = {
    check: (...args: unknown[]) => check(vu, args),
    group: (...args: unknown[]) => group(vu, args),
    sleep: (seconds: unknown) => sleep(vu, seconds),
    fail: (message?: unknown) => {
      throw new vu.realm.GoError(message === undefined ? '' : String(message))
    },
    randomSeed: (seed: unknown) => vu.setRandom(goRandom(Number(seed))),
  }
  return { default: functions, ...functions }
}

function sleep(vu: Vu, seconds: unknown): Promise<void> | undefined {
  const lengthNs = Number(seconds) * 1e9
  if (!(lengthNs > 0)) {
    vu.loop.check()
    return undefined
  }
  const clock = vu.clock
  return vu.loop.block<void>((resolve) => clock.coarseAt(clock.nowNs() + lengthNs, () => resolve()))
}

function group(vu: Vu, args: readonly unknown[]): unknown {
  const [name, fn] = args
  if (vu.phase === 'init') throw new vu.realm.GoError('Using group() in the init context is not supported')
  if (typeof fn !== 'function') throw new vu.realm.GoError('group() requires a callback as a second argument')
  if (isPersonsAsync(fn)) {
    throw new vu.realm.GoError(
      'group() does not support async functions as arguments, please see https://grafana.com/docs/k6/latest/javascript-api/k6/group/ for more info',
    )
  }
  const label = String(name)
  if (label.includes('::')) throw nameError(vu)
  const outerTags = vu.tags
  const outerPath = vu.groupPath
  // A group without a name is its parent.
  if (label !== '') vu.groupPath = `${outerPath}::${label}`
  if (vu.worker.hasSystemTag('group')) vu.tags = outerTags.with('group', vu.groupPath)
  const startNs = vu.clock.nowNs()
  const path = vu.groupPath
  const leave = (): void => {
    // Tags that the callback set on the VU stay; only the group goes back.
    const inner = vu.worker.hasSystemTag('group') ? vu.tags.with('group', path) : vu.tags
    vu.samples.add(vu.builtin.group_duration, inner, (vu.clock.nowNs() - startNs) / 1e6)
    vu.groupPath = outerPath
    if (vu.worker.hasSystemTag('group')) vu.tags = vu.tags.with('group', outerPath)
  }
  let result: unknown
  try {
    result = (fn as () => unknown)()
  } catch (error) {
    leave()
    throw error
  }
  if (!isCompiledPromise(result, fn)) {
    leave()
    return result
  }
  return (result as Promise<unknown>).then(
    (value) => {
      leave()
      return value
    },
    (error: unknown) => {
      leave()
      throw error
    },
  )
}

function check(vu: Vu, args: readonly unknown[]): unknown {
  const [value, checks, extraTags] = args
  if (vu.phase === 'init') throw new vu.realm.GoError('Using check() in the init context is not supported')
  if (args.length < 2) throw new vu.realm.GoError('no checks provided to `check`')
  if (checks === null || checks === undefined)
    throw new vu.realm.TypeError('Cannot convert undefined or null to object')
  let tags = vu.tags
  if (extraTags !== undefined && extraTags !== null) {
    for (const [key, tag] of Object.entries(extraTags as object)) tags = tags.with(key, tagValue(vu, key, tag))
  }
  const names = Object.keys(checks as object)
  let allPass = true
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    const predicate = (checks as Record<string, unknown>)[name]
    let outcome: unknown = predicate
    if (typeof predicate === 'function') {
      if (isPersonsAsync(predicate)) throw asyncCheckError(vu)
      if (name.includes('::')) throw nameError(vu)
      try {
        outcome = (predicate as (value: unknown) => unknown)(value)
      } catch (error) {
        record(vu, tags, name, false)
        throw error
      }
      if (isCompiledPromise(outcome, predicate))
        return checkRest(
          vu,
          tags,
          value,
          checks as Record<string, unknown>,
          names,
          i,
          outcome as Promise<unknown>,
          allPass,
        )
    }
    if (!record(vu, tags, name, Boolean(outcome))) allPass = false
  }
  return allPass
}

/** The same loop from the first predicate on that blocks: such a predicate was made async by the compiler. */
async function checkRest(
  vu: Vu,
  tags: Vu['tags'],
  value: unknown,
  checks: Record<string, unknown>,
  names: readonly string[],
  from: number,
  first: Promise<unknown>,
  passedSoFar: boolean,
): Promise<boolean> {
  let allPass = passedSoFar
  for (let i = from; i < names.length; i++) {
    const name = names[i] as string
    const predicate = checks[name]
    if (typeof predicate === 'function' && isPersonsAsync(predicate)) throw asyncCheckError(vu)
    let outcome: unknown = predicate
    try {
      if (i === from) outcome = await first
      else if (typeof predicate === 'function') outcome = await (predicate as (value: unknown) => unknown)(value)
    } catch (error) {
      record(vu, tags, name, false)
      throw error
    }
    if (!record(vu, tags, name, Boolean(outcome))) allPass = false
  }
  return allPass
}

function record(vu: Vu, tags: Vu['tags'], name: string, pass: boolean): boolean {
  if (name.includes('::')) throw nameError(vu)
  vu.samples.add(vu.builtin.checks, vu.worker.hasSystemTag('check') ? tags.with('check', name) : tags, pass ? 1 : 0)
  return pass
}

/** A promise that only exists because the compiler made the callback async; a promise that the person returned is a plain value. */
function isCompiledPromise(value: unknown, fn: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function' &&
    Object.prototype.toString.call(fn) === '[object AsyncFunction]'
  )
}

/** k6 takes strings, numbers and booleans as tag values and refuses all else. */
export function tagValue(vu: VuScope, key: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new vu.realm.GoError(
    `invalid value for metric tag '${key}': only String, Boolean and Number types are accepted as a metric tag values`,
  )
}

function nameError(vu: Vu): Error {
  return new vu.realm.GoError("group and check names may not contain '::'")
}

function asyncCheckError(vu: Vu): Error {
  return new vu.realm.GoError(
    'the built-in check() does not support async functions as arguments. Use the JavaScript utils library as a replacement. Refer to https://grafana.com/docs/k6/latest/javascript-api/jslib/utils/check/ for more info',
  )
}
