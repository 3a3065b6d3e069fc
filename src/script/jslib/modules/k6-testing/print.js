const codes = {
  reset: 0,
  black: 30,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
  white: 37,
  brightBlack: 90,
  brightRed: 91,
  brightGreen: 92,
  brightYellow: 93,
  brightBlue: 94,
  brightMagenta: 95,
  brightCyan: 96,
  brightWhite: 97,
  darkGrey: 90,
}

export function colorize(text, color) {
  return `\u001b[${codes[color]}m${text}\u001b[0m`
}

/** The message of a failed expectation: what, where, expected and received, for people or (`inline`) for logs. */
export function printFailure(detail, call, config, trace) {
  const inline = config.display === 'inline'
  const paint = config.colorize && !inline ? colorize : (text) => text
  const { at } = call
  const groups = [
    [
      ['Error', expectation(call, paint)],
      ['At', `${at.file}:${at.line}:${at.column}`],
    ],
    ...(detail.message === undefined ? [] : [[['Message', paint(detail.message, 'red')]]]),
    detail.lines.map(([label, text, color]) => [label, color === undefined ? text : paint(text, color)]),
    ...(trace === undefined || trace.length === 0 ? [] : [[['Call log', callLog(trace, paint)]]]),
    [
      ['Filename', at.name],
      ['Line', at.line],
    ],
  ]
  return inline ? printInline(groups) : printPretty(groups)
}

/** expect(received).toBe(expected), with the names of the arguments that were given. */
function expectation({ name, argNames, args, negated }, paint) {
  const grey = (text) => paint(text, 'darkGrey')
  const shown = argNames.slice(0, args.length).map((arg) => paint(arg, 'green'))
  const method = paint(negated ? `not.${name}` : name, 'white')
  const list = shown.length === 0 ? '' : shown.join(grey(', '))
  return `${grey('expect(')}${paint('received', 'red')}${grey(').')}${method}${grey('(')}${list}${grey(')')}`
}

/** The same message several times in a row is said once, with its number. */
function callLog(trace, paint) {
  const items = []
  for (const message of trace) {
    const last = items.at(-1)
    if (last?.message === message) last.count++
    else items.push({ message, count: 1 })
  }
  return items.map(({ message, count }) => {
    if (count === 1) return paint(message, 'red')
    return `${paint(`${message} (x`, 'red')}${paint(String(count), 'white')}${paint(')', 'red')}`
  })
}

function printPretty(groups) {
  const width = Math.max(...groups.flat().map(([label]) => label.length))
  const lines = groups.map((group) =>
    group.map(([label, value]) => `${label.padStart(width)}: ${pretty(label, value, width)}`),
  )
  return `\n${lines.map((group) => group.join('\n')).join('\n\n')}\n`
}

function pretty(label, value, width) {
  if (typeof value === 'string') return value.replaceAll('\n', `\n${' '.repeat(width + 2)}`)
  const bullet = `${' '.repeat(width - label.length + 2)}- `
  return `\n${value.map((item) => bullet + item.replaceAll('\n', '\n    ')).join('\n')}`
}

function printInline(groups) {
  const entry = ([label, value]) => {
    const key = label.toLowerCase().replace(/\s+/g, '_')
    return [value].flat().map((text) => `${key}=${text.includes(' ') ? `"${text}"` : text}`)
  }
  return groups.flat().flatMap(entry).join(' ')
}
