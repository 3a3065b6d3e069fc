import type { Options } from '#config/types.js'
import { type MetricAggregate, parseTags } from '#metrics/index.js'

/** k6 logs it as a warning with the field `error`. */
export interface SubmetricWarning {
  readonly message: string
  readonly error: string
}

/**
 * With `--no-thresholds` nothing is judged and nothing refused, yet the parts of metrics that `thresholds` names are
 * counted and shown: bogus thresholds are how k6's users get them into the summary. Call it before the first window.
 */
export function declareSubmetrics(
  thresholds: Options['thresholds'],
  aggregate: MetricAggregate,
): readonly SubmetricWarning[] {
  return Object.keys(thresholds).flatMap((key) => {
    const error = declare(key, aggregate)
    return error === undefined ? [] : [{ message: `Invalid metric '${key}' in threshold definitions`, error }]
  })
}

/** k6's warnings about keys that ask for a tag which samples carry as metadata only, and so never match. */
export function metadataTagWarnings(thresholds: Options['thresholds']): readonly string[] {
  return Object.keys(thresholds).flatMap((key) => {
    const tags = parseTags(key.slice(key.indexOf('{') + 1, -1)).map(([tag]) => tag)
    const asked = key.includes('{') ? ['vu', 'iter'].filter((tag) => tags.includes(tag)) : []
    return asked.map(
      (tag) =>
        `The high-cardinality '${tag}' metric tag was made non-indexable in k6 v0.41.0, so thresholds like '${key}' ` +
        "that are based on it won't work correctly.",
    )
  })
}

/** @returns what is wrong, in k6's words */
function declare(key: string, aggregate: MetricAggregate): string | undefined {
  const open = key.indexOf('{')
  const name = open < 0 ? key : key.slice(0, open)
  const rest = open < 0 ? '' : key.slice(open + 1)
  const metric = aggregate.registry.get(name)
  if (metric === undefined) return `metric '${name}' does not exist in the script`
  if (rest === '') return undefined
  if (!rest.endsWith('}')) return "missing ending bracket, sub-metric format needs to be 'metric{key:value}'"
  const suffix = rest.slice(0, -1).trim()
  if (suffix === '') return `submetric criteria for metric '${name}' cannot be empty`
  aggregate.submetric(metric, { metric: name, suffix, tags: parseTags(suffix) })
  return undefined
}
