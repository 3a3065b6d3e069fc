/** A script's data as TypeScript that k6 runs as it is. Every text from outside goes through literal.ts. */
import { commentText, propertyName, quote, textLiteral } from './literal.js'
import type { Journey, Plain, Script, Step } from './model.js'
import { isGroup, requestLines, type Imports } from './write-request.js'

/** The whole file, ending in a newline. */
export function writeScript(script: Script): string {
  const imports: Imports = { k6: new Set(), encoding: false, between: false, headers: script.headers.length > 0 }
  const functions = script.journeys.map((journey) => journeyLines(journey, script.journeys.length > 1, imports))
  if (script.journeys.length > 1) functions.push(pickLines(script.journeys))
  const head = [
    ...script.heading.map(comment),
    "import http from 'k6/http'",
    ...(imports.k6.size === 0 ? [] : [`import { ${[...imports.k6].sort().join(', ')} } from 'k6'`]),
    ...(imports.encoding || script.needsEncoding ? ["import encoding from 'k6/encoding'"] : []),
    '',
    ...script.variables.flatMap((variable) => [
      ...(variable.comment === undefined ? [] : [comment(variable.comment)]),
      `const ${variable.name} = __ENV.${variable.name} || ${quote(variable.fallback)}`,
    ]),
    ...script.files.map((file) => `const ${file.name} = open(${quote(file.path)}${file.binary ? ", 'b'" : ''})`),
    '',
    ...secretLines(script),
    ...headerLines(script),
    `export const options = ${plainLines(script.options, '').join('\n')}`,
    '',
    ...functions.flatMap((lines) => [...lines, '']),
    ...(imports.between ? BETWEEN : []),
  ]
  return `${head
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`
}

export function comment(text: string): string {
  const line = commentText(text)
  return line === '' ? '//' : `// ${line}`
}

function secretLines(script: Script): string[] {
  if (script.secrets.length === 0) return []
  return [
    '// Left out of this file on purpose. Give each on the command line, -e NAME=value, or in the environment.',
    'const secrets = {',
    ...script.secrets.map((secret) => `  ${secret.name}: __ENV.${secret.name}, ${comment(secret.what)}`),
    '}',
    '',
    'export function setup(): void {',
    '  const missing = Object.entries(secrets).filter(([, value]) => value === undefined)',
    "  if (missing.length > 0) throw new Error(`give -e NAME=value for: ${missing.map(([name]) => name).join(', ')}`)",
    '}',
    '',
  ]
}

function headerLines({ headers }: Script): string[] {
  if (headers.length === 0) return []
  return ['const headers = {', ...headers.map((h) => `  ${propertyName(h.name)}: ${textLiteral(h.value)},`), '}', '']
}

function journeyLines(journey: Journey, named: boolean, imports: Imports): string[] {
  const body = stepLines(journey.steps, '  ', imports)
  const lets = [...declared(journey.steps)].map((name) => `  let ${name} = ''`)
  return [
    ...(named ? [comment(journey.name)] : []),
    named ? `export function ${journey.functionName}(): void {` : 'export default function (): void {',
    ...lets,
    ...(lets.length > 0 ? [''] : []),
    ...body,
    '}',
  ]
}

function pickLines(journeys: readonly Journey[]): string[] {
  const total = journeys.reduce((sum, { weight }) => sum + weight, 0)
  let from = 0
  return [
    '// One iteration is one visit; which one is drawn by how often it was seen.',
    'export default function (): void {',
    '  const draw = Math.random()',
    ...journeys.map((journey, i) => {
      from += journey.weight / total
      const name = journey.functionName
      return i === journeys.length - 1
        ? `  else ${name}()`
        : `  ${i === 0 ? '' : 'else '}if (draw < ${from.toFixed(4)}) ${name}()`
    }),
    '}',
  ]
}

function stepLines(steps: readonly Step[], indent: string, imports: Imports): string[] {
  const lines: string[] = []
  const requests = steps.filter(({ kind }) => kind === 'request')
  steps.forEach((step, i) => {
    if (step.kind === 'sleep') {
      imports.k6.add('sleep')
      lines.push(`${indent}sleep(${step.seconds})`)
    } else if (step.kind === 'note') lines.push(...step.lines.map((line) => `${indent}${comment(line)}`))
    else if (isGroup(step)) {
      imports.k6.add('group')
      lines.push(
        `${indent}group(${quote(groupName(step.name))}, () => {`,
        ...stepLines(step.steps, `${indent}  `, imports),
        `${indent}})`,
      )
    } else {
      const assign = requests.length === 1 ? 'const res' : step === requests[0] ? 'let res' : 'res'
      lines.push(...requestLines(step, indent, imports, assign))
    }
    if (i < steps.length - 1 && step.kind !== 'note' && steps[i + 1]?.kind !== 'sleep') lines.push('')
  })
  return lines
}

/** k6 parts the path of a group by `::` and refuses it in a name. */
export function groupName(name: string): string {
  return name.replace(/:{2,}/g, ':').trim() || 'page'
}

function declared(steps: readonly Step[]): Set<string> {
  const names = new Set<string>()
  const walk = (list: readonly Step[]): void => {
    for (const step of list) {
      if (step.kind === 'group') walk(step.steps)
      else if (step.kind === 'request') for (const { variable } of step.extracts) names.add(variable)
    }
  }
  walk(steps)
  return names
}

/** A value as an object literal, short ones on one line. */
function plainLines(value: Plain, indent: string): string[] {
  const flat = flatPlain(value)
  if (flat.length + indent.length < 90 && (indent !== '' || typeof value !== 'object')) return [flat]
  if (Array.isArray(value)) {
    const inner = (value as readonly Plain[]).flatMap((item) => {
      const lines = plainLines(item, `${indent}  `)
      return [...lines.slice(0, -1), `${lines.at(-1)},`].map((line, i) => (i === 0 ? `${indent}  ${line}` : line))
    })
    return ['[', ...inner, `${indent}]`]
  }
  if (typeof value === 'object' && value !== null) {
    const inner = Object.entries(value).flatMap(([key, item]) => {
      const lines = plainLines(item as Plain, `${indent}  `)
      return [...lines.slice(0, -1), `${lines.at(-1)},`].map((line, i) =>
        i === 0 ? `${indent}  ${propertyName(key)}: ${line}` : line,
      )
    })
    return ['{', ...inner, `${indent}}`]
  }
  return [flat]
}

function flatPlain(value: Plain): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[${(value as readonly Plain[]).map(flatPlain).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${propertyName(key)}: ${flatPlain(item as Plain)}`)
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
  }
  return String(value)
}

const BETWEEN = [
  '/** What stands between two texts, for values that are in no JSON, form or header. */',
  'function between(body: unknown, before: string, after: string): string {',
  '  const text = String(body)',
  '  const from = text.indexOf(before)',
  "  if (from < 0) return ''",
  '  const to = text.indexOf(after, from + before.length)',
  "  return to < 0 ? '' : text.slice(from + before.length, to)",
  '}',
]
