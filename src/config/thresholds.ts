/** The shape of `thresholds`; their expressions belong to the gate. */
import type { ThresholdSpec } from './types.js'
import {
  emptyMap,
  expected,
  isObject,
  type Reader,
  type Reading,
  readBool,
  readDuration,
  readString,
  showDuration,
  sorted,
} from './values.js'

/** One entry with what the person did not write left out, for printing. */
export interface ParsedThreshold {
  readonly spec: ThresholdSpec
  readonly delayGiven: boolean
}
export type ParsedThresholds = Readonly<Record<string, readonly ParsedThreshold[]>>

export const readThresholds: Reader<ParsedThresholds> = (value, at) => {
  if (!isObject(value)) return expected(at, 'an object of lists of thresholds', value)
  const out = emptyMap<ParsedThreshold[]>()
  for (const [metric, list] of Object.entries(value)) {
    const here = at.under(metric)
    if (list === null) out[metric] = []
    else if (Array.isArray(list)) out[metric] = list.flatMap((item) => readThreshold(item, here) ?? [])
    else expected(here, 'a list of thresholds', list)
  }
  return out
}

/** k6's form: an expression, or an object when it may abort the run. */
export function showThresholds(thresholds: ParsedThresholds): unknown {
  const out = emptyMap<unknown>()
  for (const [metric, list] of Object.entries(thresholds)) {
    out[metric] = list.map(({ spec, delayGiven }) =>
      spec.abortOnFail
        ? {
            threshold: spec.threshold,
            abortOnFail: true,
            delayAbortEval: delayGiven ? showDuration(spec.delayAbortEvalNs) : null,
          }
        : spec.threshold,
    )
  }
  return sorted(out)
}

function readThreshold(item: unknown, at: Reading): ParsedThreshold | undefined {
  if (typeof item === 'string') return { spec: { ...PLAIN, threshold: item }, delayGiven: false }
  if (!isObject(item)) return expected(at, 'an expression or { threshold, abortOnFail, delayAbortEval }', item)
  const get = <T>(key: string, read: Reader<T>): T | undefined => {
    const found = item[key]
    return found === undefined || found === null ? undefined : read(found, at.under(key))
  }
  const delay = get('delayAbortEval', readDuration)
  return {
    spec: {
      threshold: get('threshold', readString) ?? '',
      abortOnFail: get('abortOnFail', readBool) ?? false,
      delayAbortEvalNs: delay ?? 0,
      excludeFirstNs: get('excludeFirst', readDuration) ?? 0,
      windowNs: get('window', readDuration),
    },
    delayGiven: delay !== undefined,
  }
}

const PLAIN = { abortOnFail: false, delayAbortEvalNs: 0, excludeFirstNs: 0, windowNs: undefined } as const
