import { invalidMetricSelector } from './errors.js'
import type { TagSet } from './types.js'

/** `http_req_duration{status:200,name:x}`: a metric and the tags that its samples must carry. */
export interface MetricSelector {
  readonly metric: string
  /** What stands in the braces, trimmed; undefined without braces. */
  readonly suffix: string | undefined
  readonly tags: readonly (readonly [key: string, value: string])[]
}

/**
 * Parses a key of `thresholds` by k6's rules: the first `{` to the last `}`, which must end the text; pairs are cut at
 * `,` and then at the first `:`; spaces and quotes around key and value are dropped.
 * @throws PW_METRIC_SELECTOR in k6's words (v2.2)
 */
export function parseSelector(text: string): MetricSelector {
  const open = text.indexOf('{')
  const close = text.lastIndexOf('}')
  if (open < 0 && close < 0) return { metric: text, suffix: undefined, tags: [] }
  if (open < 0 || close < 0) throw refused(text, 'has unmatched opening/close curly brace')
  if (close < open) throw refused(text, 'closing curly brace appears before opening one')
  if (close !== text.length - 1) throw refused(text, 'lacks a closing curly brace in its last position')
  const suffix = text.slice(open + 1, close)
  for (const pair of suffix.split(',')) {
    const colon = pair.indexOf(':')
    if (colon < 0 || colon === pair.length - 1) throw refused(pair, 'tag expression is malformed')
  }
  return { metric: text.slice(0, open), suffix: suffix.trim(), tags: parseTags(suffix) }
}

/** The pairs of what stands in the braces; a key without a value asks for the empty one. */
export function parseTags(suffix: string): readonly (readonly [key: string, value: string])[] {
  const tags = new Map<string, string>()
  for (const pair of suffix.split(',').filter((text) => text !== '')) {
    const colon = pair.indexOf(':')
    const [key, value] = colon < 0 ? [pair, ''] : [pair.slice(0, colon), pair.slice(colon + 1)]
    tags.set(unquoted(key), unquoted(value))
  }
  return [...tags]
}

/** True when the set has every one of these tags with exactly this value. */
export function selects(tags: readonly (readonly [string, string])[], set: TagSet): boolean {
  return tags.every(([key, value]) => set.get(key) === value)
}

function refused(what: string, why: string): Error {
  return invalidMetricSelector(
    `unable to validate threshold expressions; reason: parsing metric name failed, metric ${JSON.stringify(what)} ${why}`,
  )
}

function unquoted(text: string): string {
  return text.trim().replace(/^["']+|["']+$/g, '')
}
