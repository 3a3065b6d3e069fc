/**
 * Prometheus' text exposition format 0.0.4 and OpenMetrics 1.0, from an endpoint that is not trusted: every line is read
 * strictly, a line that is wrong is counted and passed over, and what is read is bounded.
 * Source: prometheus.io/docs/instrumenting/exposition_formats, and the OpenMetrics specification, section "Text format".
 */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'info' | 'unknown'

export interface Exposition {
  readonly samples: readonly Sample[]
  /** By name of the family: that of the series without `_total`, `_bucket`, `_sum`, `_count`. */
  readonly types: ReadonlyMap<string, FamilyType>
  /** Lines that are of neither format. */
  readonly badLines: number
  /** Samples beyond what is read. */
  readonly cut: number
}

const MAX_SAMPLES = 50_000
const MAX_LABELS = 32
const MAX_LINE = 16_384

export function parseExposition(text: string): Exposition {
  const samples: Sample[] = []
  const types = new Map<string, FamilyType>()
  let badLines = 0
  let cut = 0
  for (let from = 0; from < text.length; ) {
    let end = text.indexOf('\n', from)
    if (end < 0) end = text.length
    const line = text.slice(from, Math.min(end, from + MAX_LINE)).trim()
    from = end + 1
    if (line === '') continue
    if (line === '# EOF') break
    if (line.startsWith('#')) {
      const [, family = '', type = ''] = /^#\s+TYPE\s+(\S+)\s+(\S+)$/.exec(line) ?? []
      if (family !== '') types.set(family, familyType(type))
      continue
    }
    if (samples.length >= MAX_SAMPLES) {
      cut++
      continue
    }
    const sample = readSample(line)
    if (sample === undefined) badLines++
    else samples.push(sample)
  }
  return { samples, types, badLines, cut }
}

function familyType(word: string): FamilyType {
  if (word === 'counter' || word === 'gauge' || word === 'histogram' || word === 'summary' || word === 'info')
    return word
  // OpenMetrics: a gauge that is one of several states.
  return word === 'stateset' ? 'gauge' : 'unknown'
}

function readSample(line: string): Sample | undefined {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0]
  if (name === undefined || name.length > 200) return undefined
  let at = name.length
  const labels: Record<string, string> = Object.create(null) as Record<string, string>
  if (line[at] === '{') {
    const end = readLabels(line, at + 1, labels)
    if (end === undefined) return undefined
    at = end
  }
  // Value, perhaps a timestamp, perhaps an exemplar after ` # `.
  const [, value = ''] = /^\s+(\S+)(?:\s+-?[\d.eE+-]+)?(?:\s+#\s+\{.*)?$/.exec(line.slice(at)) ?? []
  const number = readNumber(value)
  return number === undefined ? undefined : { name, labels, value: number }
}

/** @returns the index after the closing brace; undefined when the labels are not well formed */
function readLabels(line: string, from: number, labels: Record<string, string>): number | undefined {
  const label = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))/y
  label.lastIndex = from
  for (let count = 0; ; count++) {
    const close = /\s*\}/y
    close.lastIndex = label.lastIndex
    if (close.test(line)) return close.lastIndex
    if (count >= MAX_LABELS) return undefined
    const found = label.exec(line)
    if (found === null) return undefined
    labels[found[1] as string] = (found[2] as string).replace(/\\([\\"n])/g, (_, c: string) => (c === 'n' ? '\n' : c))
  }
}

function readNumber(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)$/.test(text)) return Number(text)
  const word = text.toLowerCase()
  if (word === 'nan') return Number.NaN
  if (word === '+inf' || word === 'inf' || word === '+infinity') return Number.POSITIVE_INFINITY
  return word === '-inf' || word === '-infinity' ? Number.NEGATIVE_INFINITY : undefined
}
