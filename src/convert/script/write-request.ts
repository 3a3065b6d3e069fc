/** One request of a script as TypeScript: the call, its checks, and what is taken out of the answer. */
import { propertyName, quote, textLiteral } from './literal.js'
import {
  type Body,
  type Check,
  Code,
  type ExtractFrom,
  type Group,
  type JsonTree,
  type RequestStep,
  type Step,
  type Text,
} from './model.js'

export interface Imports {
  readonly k6: Set<string>
  encoding: boolean
  between: boolean
  /** The script has the constant `headers`. */
  readonly headers: boolean
}

export function isGroup(step: Step): step is Group {
  return step.kind === 'group'
}

/** @param assign  `const res`, `let res` or `res` */
export function requestLines(step: RequestStep, indent: string, imports: Imports, assign: string): string[] {
  const url = textLiteral(addressText(step))
  const body = step.body === undefined ? undefined : bodyLines(step.body, indent, imports)
  const params = paramLines(step, indent, imports)
  const lines = callLines(step, url, body, params, indent, assign)
  if (step.checks.length > 0) {
    imports.k6.add('check')
    lines.push(...checkLines(step, indent))
  }
  for (const { variable, from } of step.extracts)
    lines.push(`${indent}${variable} = ${extraction(from, step, imports)}`)
  return lines
}

/** The whole URL. */
export function addressText({ url }: RequestStep): Text {
  const query = url.query.flatMap((pair, i) => [
    i === 0 ? '?' : '&',
    ...pair.name,
    ...(pair.value === undefined ? [] : ['=', ...pair.value]),
  ])
  return [...url.base, ...url.path, ...query]
}

/** k6's functions by method; the others go through `http.request`. */
const FUNCTIONS: Readonly<Record<string, { readonly name: string; readonly body: boolean }>> = {
  GET: { name: 'get', body: false },
  HEAD: { name: 'head', body: false },
  POST: { name: 'post', body: true },
  PUT: { name: 'put', body: true },
  PATCH: { name: 'patch', body: true },
  DELETE: { name: 'del', body: true },
  OPTIONS: { name: 'options', body: true },
}

function callLines(
  step: RequestStep,
  url: string,
  body: string[] | undefined,
  params: string[] | undefined,
  indent: string,
  assign: string,
): string[] {
  const known = Object.hasOwn(FUNCTIONS, step.method) ? FUNCTIONS[step.method] : undefined
  const args: string[][] = [[url]]
  let name = known?.name
  if (known === undefined || (!known.body && body !== undefined)) {
    name = 'request'
    args.unshift([quote(step.method)])
  }
  if (body !== undefined || (params !== undefined && (name === 'request' || known?.body === true)))
    args.push(body ?? ['null'])
  if (params !== undefined) args.push(params)
  const flat = `${indent}${assign} = http.${name}(${args.map((lines) => lines.join('\n')).join(', ')})`
  const onlyLastIsLong = args.slice(0, -1).every((lines) => lines.length === 1)
  if (onlyLastIsLong && (flat.split('\n')[0]?.length ?? 0) <= 110) return flat.split('\n')
  const inner = `${indent}  `
  return [
    `${indent}${assign} = http.${name}(`,
    ...args.flatMap((lines) => {
      const deeper = lines.map((line, i) => (i === 0 ? `${inner}${line}` : `  ${line}`))
      return [...deeper.slice(0, -1), `${deeper.at(-1)},`]
    }),
    `${indent})`,
  ]
}

function paramLines(step: RequestStep, indent: string, imports: Imports): string[] | undefined {
  const entries: string[] = []
  if (step.headers.length === 0 && imports.headers) entries.push('headers')
  else if (step.headers.length > 0) {
    const own = step.headers.map((h) => `${propertyName(h.name)}: ${textLiteral(h.value)}`)
    entries.push(...record('headers', imports.headers ? ['...headers', ...own] : own))
  }
  if (step.cookies.length > 0)
    entries.push(
      ...record(
        'cookies',
        step.cookies.map((c) => `${propertyName(c.name)}: ${textLiteral(c.value)}`),
      ),
    )
  if (step.name !== undefined) entries.push(`tags: { name: ${quote(step.name)} }`)
  if (step.expected.length > 0) entries.push(`responseCallback: http.expectedStatuses(${step.expected.join(', ')})`)
  if (!step.followRedirects) entries.push('redirects: 0')
  if (step.compression !== undefined) entries.push(`compression: ${quote(step.compression)}`)
  if (entries.length === 0) return undefined
  const flat = `{ ${entries.join(', ')} }`
  if (entries.length <= 2 && flat.length < 70 && !entries.includes('}')) return [flat]
  return [
    '{',
    ...entries.map((entry) => `${indent}  ${entry}${entry.endsWith('{') || entry.endsWith(',') ? '' : ','}`),
    `${indent}}`,
  ]
}

/** `name: { a, b }` in one line or in several. */
function record(name: string, items: readonly string[]): string[] {
  const flat = `${name}: { ${items.join(', ')} }`
  return flat.length < 80 ? [flat] : [`${name}: {`, ...items.map((item) => `  ${item},`), '}']
}

function bodyLines(body: Body, indent: string, imports: Imports): string[] {
  switch (body.kind) {
    case 'text':
      return [textLiteral(body.text)]
    case 'json': {
      const lines = treeLines(body.json, indent)
      lines[0] = `JSON.stringify(${lines[0]}`
      lines[lines.length - 1] += ')'
      return lines
    }
    case 'form':
      return objectLines(
        body.fields.map(({ name, value }) => `${propertyName(name)}: ${textLiteral(value)}`),
        indent,
      )
    case 'multipart':
      return objectLines(
        body.parts.map((part) => {
          if ('value' in part) return `${propertyName(part.name)}: ${textLiteral(part.value)}`
          const content = part.content instanceof Code ? part.content.text : textLiteral(part.content)
          return `${propertyName(part.name)}: http.file(${content}, ${quote(part.filename)}, ${quote(part.mimeType)})`
        }),
        indent,
      )
    case 'bytes':
      imports.encoding = true
      return [`encoding.b64decode(${quote(body.base64)})`]
    case 'file':
      return [body.code.text]
  }
}

function objectLines(entries: readonly string[], indent: string): string[] {
  const flat = entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
  if (flat.length < 60) return [flat]
  return ['{', ...entries.map((entry) => `${indent}  ${entry},`), `${indent}}`]
}

function treeLines(tree: JsonTree, indent: string): string[] {
  const flat = flatTree(tree)
  if (flat !== undefined && flat.length + indent.length < 70) return [flat]
  if (tree.kind === 'list') {
    const items = tree.items.map((item) => ['', treeLines(item, `${indent}  `)] as const)
    return ['[', ...inner(items, indent), `${indent}]`]
  }
  if (tree.kind === 'object') {
    const items = tree.entries.map(([key, item]) => [`${propertyName(key)}: `, treeLines(item, `${indent}  `)] as const)
    return ['{', ...inner(items, indent), `${indent}}`]
  }
  return [leaf(tree)]
}

function inner(items: readonly (readonly [string, readonly string[]])[], indent: string): string[] {
  return items.flatMap(([key, lines]) => {
    const all = [`${indent}  ${key}${lines[0]}`, ...lines.slice(1)]
    all[all.length - 1] += ','
    return all
  })
}

/** On one line, unless it is large. */
function flatTree(tree: JsonTree): string | undefined {
  if (tree.kind === 'list') {
    if (tree.items.length > 12) return undefined
    const items = tree.items.map(flatTree)
    return items.includes(undefined) ? undefined : `[${items.join(', ')}]`
  }
  if (tree.kind === 'object') {
    if (tree.entries.length > 8) return undefined
    const items = tree.entries.map(([key, item]) => {
      const text = flatTree(item)
      return text === undefined ? undefined : `${propertyName(key)}: ${text}`
    })
    if (items.includes(undefined)) return undefined
    return items.length === 0 ? '{}' : `{ ${items.join(', ')} }`
  }
  return leaf(tree)
}

function leaf(tree: Extract<JsonTree, { kind: 'plain' | 'text' | 'number' }>): string {
  if (tree.kind === 'text') return textLiteral(tree.text)
  if (tree.kind === 'number') return `Number(${tree.code.text})`
  return JSON.stringify(tree.value)
}

function checkLines(step: RequestStep, indent: string): string[] {
  const entries = step.checks.map((check) => `${quote(checkName(check, step))}: ${predicate(check)}`)
  const flat = `${indent}check(res, { ${entries.join(', ')} })`
  if (flat.length <= 110) return [flat]
  return [`${indent}check(res, {`, ...entries.map((entry) => `${indent}  ${entry},`), `${indent}})`]
}

function checkName(check: Check, step: RequestStep): string {
  // k6 parts names by `::` and refuses it.
  return (check.name ?? defaultCheckName(check, step)).replace(/:{2,}/g, ':').slice(0, 120)
}

function defaultCheckName(check: Check, step: RequestStep): string {
  const what = `${step.method} ${step.name ?? plainPath(step)}`
  switch (check.kind) {
    case 'status':
      return `${what}: status is ${check.anyOf.join(' or ')}`
    case 'statusBelow':
      return `${what}: status is below ${check.below}`
    case 'duration':
      return `${what}: faster than ${check.belowMs} ms`
    case 'bodyHolds':
      return `${what}: body holds ${check.text}`
    case 'header':
      return `${what}: has ${check.header}`
  }
}

function plainPath({ url }: RequestStep): string {
  return url.path.map((part) => (part instanceof Code ? '{}' : part)).join('') || '/'
}

function predicate(check: Check): string {
  switch (check.kind) {
    case 'status':
      return check.anyOf.length === 1
        ? `(r) => r.status === ${check.anyOf[0]}`
        : `(r) => [${check.anyOf.join(', ')}].includes(r.status)`
    case 'statusBelow':
      return `(r) => r.status > 0 && r.status < ${check.below}`
    case 'duration':
      return `(r) => r.timings.duration < ${check.belowMs}`
    case 'bodyHolds':
      return `(r) => String(r.body).includes(${quote(check.text)})`
    case 'header':
      return `(r) => r.headers[${quote(check.header)}] !== undefined`
  }
}

function extraction(from: ExtractFrom, step: RequestStep, imports: Imports): string {
  switch (from.kind) {
    case 'json':
      return `String(res.json(${quote(jsonPath(from.path))}))`
    case 'html':
      return `res.html().find(${quote(from.selector)}).first().attr(${quote(from.attribute)}) ?? ''`
    case 'header':
      return from.lastSegment
        ? `(res.headers[${quote(from.name)}] ?? '').split('/').pop() ?? ''`
        : `res.headers[${quote(from.name)}] ?? ''`
    case 'cookie': {
      const value = `http.cookieJar().cookiesForURL(${textLiteral([...step.url.base, '/'])})[${quote(from.name)}]?.[0] ?? ''`
      return from.decode ? `decodeURIComponent(${value})` : value
    }
    case 'between':
      imports.between = true
      return `between(res.body, ${quote(from.before)}, ${quote(from.after)})`
  }
}

/** A path in k6's selector language (GJSON), in which these characters mean something. */
function jsonPath(path: readonly (string | number)[]): string {
  return path.map((key) => String(key).replace(/[.*?|#@!{}[\]()\\:"^%~<>=]/g, '\\$&')).join('.')
}
