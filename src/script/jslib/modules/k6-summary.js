// k6-summary 0.0.1 to 0.1.0: the end-of-test summary as text and as JUnit XML, for handleSummary.
const tick = '✓'
const cross = '✗'
const codes = { bold: 1, faint: 2, red: 31, green: 32, cyan: 36 }

/**
 * @param data     what handleSummary is given
 * @param options  indent (a space), enableColors (true), summaryTimeUnit, summaryTrendStats; the last two default to the
 *                 test's own
 */
export function textSummary(data, options) {
  const settings = { indent: ' ', enableColors: true, summaryTimeUnit: null, ...data.options, ...options }
  settings.summaryTrendStats ??= ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)']
  const paint = settings.enableColors
    ? (text, ...colors) => `\u001b[${colors.map((color) => codes[color]).join(';')}m${text}\u001b[0m`
    : (text) => text
  return [
    ...groupLines(`${settings.indent}    `, data.root_group, paint),
    ...metricLines(settings, data.metrics, paint),
  ].join('\n')
}

/** A value of a metric with its unit, as the summary shows it. */
export function humanizeValue(value, metric, timeUnit) {
  // Cut, not rounded: 99.999 % must not read 100 %.
  if (metric.type === 'rate') return `${(Math.trunc(value * 10_000) / 100).toFixed(2)}%`
  if (metric.contains === 'data') return humanizeBytes(value)
  if (metric.contains === 'time') return humanizeTime(value, timeUnit)
  return shortest(value, 6)
}

/** Every threshold as a test case; `options.name` of the suite, `options.classname` of the cases. */
export function jUnit(data, options) {
  const suite = options?.name ? escapeXml(options.name) : 'k6 thresholds'
  const classname = options?.classname ? escapeXml(options.classname) : 'Unnamed folder'
  const cases = []
  let failures = 0
  for (const [metricName, metric] of Object.entries(data.metrics)) {
    for (const [expression, threshold] of Object.entries(metric.thresholds ?? {})) {
      const head = `<testcase name="${escapeXml(metricName)} - ${escapeXml(expression)}" classname="${classname}"`
      if (threshold.ok) {
        cases.push(`${head} />`)
        continue
      }
      failures++
      const values = Object.entries(metric.values).map(([name, value]) => `${name} value: ${value}`)
      const message = escapeXml(`${metric.type} threshold failed: ${values.join(', ')}`)
      cases.push(`${head}><failure message="${message}" /></testcase>`)
    }
  }
  return `<?xml version="1.0"?>
<testsuites tests="${cases.length}" failures="${failures}">
  <testsuite name="${suite}" tests="${cases.length}" failures="${failures}">
    ${cases.join('\n    ')}
  </testsuite>
</testsuites>`
}

function escapeXml(text) {
  const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&quot;' }
  return String(text).replace(/[&<>'"]/g, (character) => entities[character])
}

function groupLines(indent, group, paint) {
  const lines = []
  let inner = indent
  if (group.name !== '') {
    lines.push(`${indent}█ ${group.name}\n`)
    inner += '  '
  }
  for (const { name, passes, fails } of group.checks) {
    if (fails === 0) {
      lines.push(paint(`${inner}${tick} ${name}`, 'green'))
      continue
    }
    const percent = Math.floor((100 * passes) / (passes + fails))
    lines.push(
      paint(`${inner}${cross} ${name}\n${inner} ↳  ${percent}% — ${tick} ${passes} / ${cross} ${fails}`, 'red'),
    )
  }
  if (group.checks.length > 0) lines.push('')
  for (const child of group.groups) lines.push(...groupLines(inner, child, paint))
  return lines
}

function metricLines(settings, metrics, paint) {
  const rows = Object.keys(metrics)
    .sort(byMetricThenTags)
    .map((name) => ({ name, metric: metrics[name], ...cells(metrics[name], settings) }))
  const nameWidth = Math.max(0, ...rows.map((row) => width(lead(row.name) + label(row.name))))
  const valueWidth = Math.max(0, ...rows.map((row) => (row.value === undefined ? 0 : width(row.value))))
  const columnWidths = (key) => {
    const widths = []
    for (const row of rows) row[key]?.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, width(cell))))
    return widths
  }
  const extraWidths = columnWidths('extras')
  const statWidths = columnWidths('stats')

  return rows.map(({ name, metric, value, extras, stats }) => {
    const thresholds = Object.values(metric.thresholds ?? {})
    const failed = thresholds.some((threshold) => !threshold.ok)
    const mark = thresholds.length === 0 ? ' ' : failed ? paint(cross, 'red') : paint(tick, 'green')
    const dots = '.'.repeat(nameWidth - width(lead(name) + label(name)) + 3)
    const head = `${settings.indent}  ${lead(name)}${mark} ${label(name)}${paint(`${dots}:`, 'faint')} `
    if (stats !== undefined) {
      const cellsOfTrend = stats.map(
        (stat, i) => `${settings.summaryTrendStats[i]}=${paint(stat, 'cyan')}${pad(stat, statWidths[i])}`,
      )
      return head + cellsOfTrend.join(' ')
    }
    let line = `${head}${paint(value, 'cyan')}${pad(value, valueWidth)}`
    if (extras.length === 1) line += ` ${paint(extras[0], 'cyan', 'faint')}`
    else if (extras.length > 1) {
      line += ` ${extras.map((extra, i) => paint(extra, 'cyan', 'faint') + pad(extra, extraWidths[i])).join(' ')}`
    }
    return line
  })
}

/** A trend has `stats`; the others a `value` and what stands behind it. */
function cells(metric, { summaryTimeUnit, summaryTrendStats }) {
  const show = (value) => humanizeValue(value, metric, summaryTimeUnit)
  const { values } = metric
  if (metric.type === 'trend') {
    return { stats: summaryTrendStats.map((stat) => (stat === 'count' ? String(values[stat]) : show(values[stat]))) }
  }
  if (metric.type === 'counter') return { value: show(values.count), extras: [`${show(values.rate)}/s`] }
  if (metric.type === 'gauge') {
    return { value: show(values.value), extras: [`min=${show(values.min)}`, `max=${show(values.max)}`] }
  }
  if (metric.type === 'rate') {
    return { value: show(values.rate), extras: [`${tick} ${values.passes}`, `${cross} ${values.fails}`] }
  }
  return { value: '[no data]', extras: [] }
}

function byMetricThenTags(a, b) {
  const [nameA, nameB] = [a.split('{', 1)[0], b.split('{', 1)[0]]
  return nameA.localeCompare(nameB) || a.slice(nameA.length).localeCompare(b.slice(nameB.length))
}

function lead(name) {
  return name.includes('{') ? '  ' : ''
}

function label(name) {
  const at = name.indexOf('{')
  return at < 0 ? name : `{ ${name.slice(at + 1, -1)} }`
}

function pad(text, to) {
  return ' '.repeat(Math.max(0, to - width(text)))
}

const escapeSequence = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[@-~]`, 'g')

/** Characters as seen: escape sequences for colours take no room. */
function width(text) {
  return [...text.normalize('NFKC').replace(escapeSequence, '')].length
}

function humanizeBytes(bytes) {
  if (bytes < 10) return `${bytes} B`
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB']
  const power = Math.floor(Math.log(bytes) / Math.log(1000))
  const value = Math.floor((bytes / 1000 ** power) * 10 + 0.5) / 10
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`
}

const fixedUnits = { s: ['s', 0.001], ms: ['ms', 1], us: ['µs', 1000] }

function humanizeTime(ms, unit) {
  if (unit && Object.hasOwn(fixedUnits, unit)) {
    const [name, factor] = fixedUnits[unit]
    return (ms * factor).toFixed(2) + name
  }
  if (ms === 0) return '0s'
  if (ms < 0.001) return `${Math.trunc(ms * 1e6)}ns`
  if (ms < 1) return `${cut(ms * 1000, 2)}µs`
  if (ms < 1000) return `${cut(ms, 2)}ms`
  const seconds = `${cut((ms % 60_000) / 1000, ms > 60_000 ? 0 : 2)}s`
  const minutes = Math.trunc(ms / 60_000)
  if (minutes < 1) return seconds
  const hours = Math.trunc(minutes / 60)
  return `${hours < 1 ? '' : `${hours}h`}${minutes % 60}m${seconds}`
}

function cut(value, digits) {
  const factor = 10 ** digits
  return shortest(Math.trunc(factor * value) / factor, digits)
}

/** At most `digits` behind the point, no zeros at the end. */
function shortest(value, digits) {
  return String(Number.parseFloat(value.toFixed(digits)))
}
