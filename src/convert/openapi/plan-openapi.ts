/** An OpenAPI document, 3.0 or 3.1 (https://spec.openapis.org/oas/v3.1.1), as a script that calls every operation once. */
import { brokenInput, nothingToConvert } from '../errors.js'
import type { Json } from '../input/json.js'
import { encodeText } from '../input/bytes.js'
import { loadOptions } from '../recording/plan-recording.js'
import { Secrets } from '../recording/secrets.js'
import { mapRequest } from '../recording/walk.js'
import { constantName } from '../script/literal.js'
import {
  type Check,
  Code,
  type Header,
  type QueryPair,
  type RequestStep,
  type Script,
  type Step,
  type Text,
  type Variable,
} from '../script/model.js'
import type { Converted, ConvertOptions } from '../types.js'
import { openApiBody } from './body.js'
import { References, readDocument } from './read-document.js'
import { Sampler } from './sample.js'
import { credentials, isToken } from './security.js'

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] as const

export async function planOpenApi(text: string, name: string, options: ConvertOptions): Promise<Converted> {
  const root = (await readDocument(text, name)).needObject('An OpenAPI document')
  const version = root.get('openapi').text ?? root.get('swagger').text
  if (version === undefined || !version.startsWith('3.'))
    throw brokenInput(
      version === undefined
        ? 'The document has no "openapi" with its version.'
        : `This is Swagger ${version.slice(0, 20)}; OpenAPI 3.0 and 3.1 are read.`,
      `${name}#/openapi`,
      'convert it: npx swagger2openapi FILE',
    )
  const planner = new Planner(root, options)
  const steps = planner.steps()
  if (planner.kept === 0)
    throw nothingToConvert(
      'The document describes no operation.',
      `${name}#/paths`,
      'paths must have operations: get, post, ...',
    )
  const { notes } = planner
  const title = root.get('info').get('title').text
  const script: Script = {
    heading: [
      `Converted from ${name}${title === undefined ? '' : ` (${title})`} by perfwright convert.`,
      'Every operation once, with examples of the document or values made from its schemas.',
      ...notes.slice(0, 20).map((note) => `Note: ${note}`),
      '',
    ],
    variables: planner.variables,
    secrets: planner.secrets.found,
    files: [],
    options: loadOptions([]),
    headers: [],
    journeys: [{ name: 'operations', functionName: 'operations', weight: 1, steps }],
    needsEncoding: planner.needsEncoding || planner.secrets.needsEncoding,
  }
  return {
    script,
    blot: (written) => planner.secrets.blot(written),
    summary: {
      kept: planner.kept,
      journeys: 1,
      dropped: [],
      correlated: [],
      secrets: planner.secrets.found.map(({ name: secret, what }) => `${secret}: ${what}`),
      files: [],
      notes,
    },
  }
}

class Planner {
  readonly variables: Variable[] = []
  readonly secrets: Secrets
  readonly notes: string[] = []
  kept = 0
  needsEncoding = false
  readonly #root: Json
  readonly #references: References
  readonly #sampler: Sampler
  readonly #taken = new Set<string>(['secrets', 'BASE_URL'])
  readonly #byParameter = new Map<string, Code>()

  constructor(root: Json, options: ConvertOptions) {
    this.#root = root
    this.#references = new References(root)
    this.#sampler = new Sampler(this.#references)
    this.secrets = new Secrets(this.#taken)
    this.variables.push({ name: 'BASE_URL', fallback: options.baseUrl ?? this.#server() })
  }

  /** The first server, its variables at their defaults. */
  #server(): string {
    const [server] = this.#root.get('servers').items
    const url = server?.get('url').text ?? ''
    const filled = url.replace(
      /\{([^{}]+)\}/g,
      (_, key: string) => server?.get('variables').get(key).get('default').text ?? key,
    )
    if (/^https?:\/\//i.test(filled)) return filled.replace(/\/$/, '')
    this.notes.push('the document names no host: give it with -e BASE_URL=https://host')
    return `http://localhost:8080${filled.startsWith('/') ? filled.replace(/\/$/, '') : ''}`
  }

  steps(): Step[] {
    const groups = new Map<string, Step[]>()
    const writing: string[] = []
    for (const [path, entry] of this.#root.get('paths').entries) {
      const item = this.#references.resolve(entry)
      if (item === undefined || !path.startsWith('/')) continue
      for (const method of METHODS) {
        const operation = item.get(method)
        if (!operation.isObject) continue
        const [tag] = operation.get('tags').items
        const group = tag?.text ?? path.split('/')[1] ?? ''
        const steps = groups.get(group) ?? []
        groups.set(group, steps)
        const title = operation.get('summary').text ?? operation.get('operationId').text
        if (title !== undefined) steps.push({ kind: 'note', lines: [title.slice(0, 200)] })
        steps.push(this.#request(method.toUpperCase(), path, operation, item))
        this.kept++
        if (!['get', 'head', 'options'].includes(method)) writing.push(`${method.toUpperCase()} ${path}`)
      }
    }
    if (writing.length > 0)
      this.notes.push(
        `these operations write: ${writing.slice(0, 10).join(', ')}${writing.length > 10 ? `, and ${writing.length - 10} more` : ''}; point the script at nothing dear`,
      )
    for (const ref of this.#references.broken)
      this.notes.push(`the reference ${ref.slice(0, 100)} leads to nothing in this document`)
    return [...groups].map(([name, steps]) => ({ kind: 'group', name: name || 'root', steps }))
  }

  #request(method: string, path: string, operation: Json, item: Json): RequestStep {
    const parameters = this.#parameters(item, operation)
    const security = operation.get('security').isMissing ? this.#root.get('security') : operation.get('security')
    const granted = credentials(
      security,
      this.#root.get('components').get('securitySchemes'),
      this.#references,
      this.secrets,
    )
    this.needsEncoding ||= granted.needsEncoding
    const { body, contentType, note } = openApiBody(
      this.#references.resolve(operation.get('requestBody')),
      this.#sampler,
      this.#references,
    )
    if (note !== undefined) this.notes.push(`${method} ${path}: ${note}`)
    const accept = this.#accepts(operation)
    const named = (place: string): Json[] => parameters.filter((parameter) => parameter.get('in').text === place)
    const headers: Header[] = [
      ...(accept === undefined ? [] : [{ name: 'Accept', value: [accept] }]),
      ...(contentType === undefined ? [] : [{ name: 'Content-Type', value: [contentType] }]),
      ...this.#headers(named('header')),
      ...granted.headers,
    ]
    const isTemplate = path.includes('{')
    const step: RequestStep = {
      kind: 'request',
      method,
      url: {
        base: [new Code('BASE_URL')],
        path: this.#path(path, named('path')),
        query: [...this.#query(named('query')), ...granted.query],
      },
      headers,
      cookies: [...this.#headers(named('cookie')), ...granted.cookies],
      body,
      name: isTemplate ? path : undefined,
      expected: [],
      checks: [this.#check(operation)],
      extracts: [],
      followRedirects: true,
      compression: undefined,
    }
    return mapRequest(step, (value, place) =>
      place.kind === 'cookie' ? undefined : this.secrets.inPlace(value, place),
    )
  }

  /** The operation's own go before the path's of the same name and place. */
  #parameters(item: Json, operation: Json): Json[] {
    const found = new Map<string, Json>()
    for (const entry of [...item.get('parameters').items, ...operation.get('parameters').items]) {
      const parameter = this.#references.resolve(entry)
      const name = parameter?.get('name').text
      if (parameter !== undefined && name !== undefined) found.set(`${parameter.get('in').text} ${name}`, parameter)
    }
    return [...found.values()].filter(
      (parameter) =>
        parameter.get('required').value === true || parameter.get('in').text === 'path' || hasExample(parameter),
    )
  }

  #path(path: string, parameters: readonly Json[]): Text {
    return path.split(/\{([^{}]*)\}/).map((piece, i) => {
      if (i % 2 === 0) return encodePath(piece)
      const parameter = parameters.find((candidate) => candidate.get('name').text === piece)
      const value = parameter === undefined ? '1' : scalar(this.#valueOf(parameter) ?? '1')
      const key = `${piece}=${value}`
      const known = this.#byParameter.get(key)
      if (known !== undefined) return known
      const constant = constantName(piece, this.#taken)
      this.#taken.add(constant)
      this.variables.push({ name: constant, fallback: value })
      const code = /^[\w.~-]+$/.test(value) ? new Code(constant) : new Code(`encodeURIComponent(${constant})`)
      this.#byParameter.set(key, code)
      return code
    })
  }

  /** A parameter has a schema, or a content type with one. */
  #valueOf(parameter: Json): unknown {
    const [content] = parameter.get('content').entries
    const value = this.#sampler.example(content === undefined ? parameter : content[1])
    return content === undefined || typeof value === 'string' ? value : JSON.stringify(value)
  }

  #query(parameters: readonly Json[]): QueryPair[] {
    return parameters.flatMap((parameter) => {
      const name = parameter.get('name').text ?? ''
      const value = this.#valueOf(parameter) ?? ''
      const pair = (key: string, item: unknown): QueryPair => ({
        name: [encodeText(key)],
        value: [encodeText(scalar(item))],
      })
      const explode = parameter.get('explode').value !== false
      if (Array.isArray(value)) {
        const separator = { spaceDelimited: ' ', pipeDelimited: '|' }[parameter.get('style').text ?? ''] ?? ','
        return explode
          ? (value as unknown[]).map((item) => pair(name, item))
          : [pair(name, (value as unknown[]).map(scalar).join(separator))]
      }
      if (typeof value === 'object' && value !== null) {
        const deep = parameter.get('style').text === 'deepObject'
        return Object.entries(value).map(([key, item]) => pair(deep ? `${name}[${key}]` : key, item))
      }
      return [pair(name, value)]
    })
  }

  #headers(parameters: readonly Json[]): Header[] {
    return parameters.flatMap((parameter) => {
      const name = parameter.get('name').text ?? ''
      // Of these the document says in other places what they are.
      if (!isToken(name) || /^(?:accept|content-type|authorization)$/i.test(name)) return []
      return [{ name, value: [scalar(this.#valueOf(parameter) ?? '').replace(/[\0-\x1f\x7f]/g, ' ')] }]
    })
  }

  #accepts(operation: Json): string | undefined {
    for (const [status, entry] of operation.get('responses').entries) {
      if (!/^(?:2|default)/.test(status)) continue
      const [type] = this.#references.resolve(entry)?.get('content').entries ?? []
      if (type !== undefined && /^[\w.+*-]+\/[\w.+*-]+$/.test(type[0])) return type[0]
    }
    return undefined
  }

  #check(operation: Json): Check {
    const good = operation
      .get('responses')
      .entries.map(([status]) => Number(status))
      .filter((status) => status >= 200 && status < 300)
    return good.length === 0 ? { kind: 'statusBelow', below: 400 } : { kind: 'status', anyOf: good }
  }
}

function hasExample(parameter: Json): boolean {
  return [parameter.get('example'), parameter.get('examples'), parameter.get('schema').get('example')].some(
    (place) => !place.isMissing,
  )
}

function scalar(value: unknown): string {
  if (Array.isArray(value)) return value.map(scalar).join(',')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function encodePath(piece: string): string {
  return piece.replace(/[^\x21-\x7e]|["<>\\^`{|}#?]/gu, (char) => encodeText(char))
}
