/** A Postman collection, v2.0 and v2.1 (https://schema.postman.com), as a script: folders are groups. */
import { brokenInput, nothingToConvert, tooLarge } from '../errors.js'
import { type Json, MAX_DEPTH, parseJson } from '../input/json.js'
import { identifier } from '../script/literal.js'
import { type Code, type Extract, type Header, type RequestStep, type Script, type Step } from '../script/model.js'
import { loadOptions, withName } from '../recording/plan-recording.js'
import { Secrets } from '../recording/secrets.js'
import { mapRequest } from '../recording/walk.js'
import type { Converted, ConvertOptions } from '../types.js'
import { authHeaders } from './auth.js'
import { postmanBody } from './body.js'
import { postmanAddress } from './address.js'
import { readTestScript } from './test-script.js'
import { PostmanVariables } from './variables.js'

export function planPostman(text: string, name: string, options: ConvertOptions): Converted {
  const root = parseJson(text, name).needObject('A collection')
  const collection = root.get('collection').isObject ? root.get('collection') : root
  const schema = collection.get('info').get('schema').text
  if (schema !== undefined && !/v2\.\d/.test(schema))
    throw brokenInput(
      `The collection's schema is ${schema.slice(0, 100)}.`,
      collection.get('info').get('schema').where,
      'export it again from Postman as "Collection v2.1"',
    )
  const items = collection.get('item').needItems('"item"')
  const planner = new Planner(collection, options)
  const steps = planner.steps(items, collection.get('auth'), 0)
  if (planner.kept === 0)
    throw nothingToConvert('The collection holds no request.', name, 'export a collection with requests in it')
  const title = collection.get('info').get('name').text
  const { notes } = planner
  const script: Script = {
    heading: [
      `Converted from ${name}${title === undefined ? '' : ` (Postman collection "${title}")`} by perfwright convert.`,
      ...notes.slice(0, 20).map((note) => `Note: ${note}`),
      '',
    ].map((line) => planner.secrets.mask(line)),
    variables: planner.variables.found,
    secrets: planner.secrets.found,
    files: planner.files,
    options: loadOptions([]),
    headers: [],
    journeys: [{ name: 'collection', functionName: 'collection', weight: 1, steps }],
    needsEncoding: planner.needsEncoding || planner.secrets.needsEncoding,
  }
  return {
    script,
    blot: (written) => planner.secrets.blot(written),
    summary: {
      kept: planner.kept,
      journeys: 1,
      dropped: planner.dropped,
      correlated: planner.correlated,
      secrets: planner.secrets.found.map(({ name: secret, what }) => `${secret}: ${what}`),
      files: planner.files.map(({ path }) => path),
      notes: notes.map((note) => planner.secrets.mask(note)),
    },
  }
}

class Planner {
  readonly secrets: Secrets
  readonly variables: PostmanVariables
  readonly notes: string[] = []
  readonly dropped: string[] = []
  readonly correlated: string[] = []
  readonly files: { name: string; path: string; binary: boolean }[] = []
  kept = 0
  needsEncoding = false
  readonly #taken = new Set<string>(['secrets'])
  readonly #assigned = new Map<string, string>()

  constructor(collection: Json, options: ConvertOptions) {
    const values = new Map<string, string>()
    for (const variable of collection.get('variable').items) {
      const key = variable.get('key').text ?? variable.get('id').text
      const value = variable.get('value')
      if (key !== undefined && variable.get('disabled').value !== true)
        values.set(key, value.text ?? (value.isMissing ? '' : JSON.stringify(value.value)))
    }
    if (options.baseUrl !== undefined)
      for (const key of ['baseUrl', 'base_url', 'url', 'host']) if (values.has(key)) values.set(key, options.baseUrl)
    this.#findAssigned(collection.get('item').items, 0)
    this.secrets = new Secrets(this.#taken)
    this.variables = new PostmanVariables(values, this.#assigned, this.secrets, this.#taken)
  }

  /** Variables that some test sets; known before the first request, which may use one of the iteration before. */
  #findAssigned(items: readonly Json[], depth: number): void {
    if (depth > MAX_DEPTH) return
    for (const item of items) {
      for (const { name } of readTestScript(eventSource(item, 'test')).kept) {
        if (this.#assigned.has(name)) continue
        const variable = identifier(name, this.#taken)
        this.#taken.add(variable)
        this.#assigned.set(name, variable)
      }
      this.#findAssigned(item.get('item').items, depth + 1)
    }
  }

  steps(items: readonly Json[], auth: Json, depth: number): Step[] {
    if (depth > MAX_DEPTH / 2) throw tooLarge('Folders are nested too deep.', items[0]?.where ?? '', 'flatten them')
    return items.flatMap((item): Step[] => {
      const own = item.get('auth').isObject ? item.get('auth') : auth
      const name = item.get('name').text ?? 'request'
      if (Array.isArray(item.get('item').value))
        return [
          ...this.#scripts(item),
          { kind: 'group', name: this.secrets.mask(name), steps: this.steps(item.get('item').items, own, depth + 1) },
        ]
      const request = item.get('request')
      if (request.text !== undefined) return [...this.#scripts(item), this.#request(item, request, name, own)]
      if (!request.isObject) {
        this.dropped.push(`${item.where}: neither folder nor request`)
        return []
      }
      return [...this.#scripts(item), this.#request(item, request, name, own)]
    })
  }

  /** Scripts are for a person to carry over: they run in another world. */
  #scripts(item: Json): Step[] {
    const steps: Step[] = []
    const before = eventSource(item, 'prerequest')
    if (before.trim() !== '') {
      this.notes.push(
        `${item.get('name').text ?? item.where}: the pre-request script is kept as a comment; carry over what is needed`,
      )
      steps.push({
        kind: 'note',
        lines: ['Pre-request script of Postman, not run here:', ...scriptLines(this.secrets.mask(before))],
      })
    }
    const test = eventSource(item, 'test')
    if (readTestScript(test).others > 0) {
      this.notes.push(
        `${item.get('name').text ?? item.where}: parts of the test script are not converted; it is kept as a comment`,
      )
      steps.push({
        kind: 'note',
        lines: [
          'Test script of Postman; what is simple in it is a check below:',
          ...scriptLines(this.secrets.mask(test)),
        ],
      })
    }
    return steps
  }

  #request(item: Json, request: Json, name: string, auth: Json): RequestStep {
    this.kept++
    const own = request.get('auth').isObject ? request.get('auth') : auth
    const authorized = authHeaders(own, (text) => this.variables.text(text), this.secrets)
    if (authorized.note !== undefined) this.notes.push(`${name}: ${authorized.note}`)
    this.needsEncoding ||= authorized.needsEncoding
    const { body, contentType, note } = postmanBody(
      request.get('body'),
      (text) => this.variables.text(text),
      (path) => this.#open(path),
    )
    if (note !== undefined) this.notes.push(`${name}: ${note}`)
    const headers = this.#headers(request.get('header'), authorized.headers)
    if (contentType !== undefined && !headers.some((h) => h.name.toLowerCase() === 'content-type'))
      headers.push({ name: 'Content-Type', value: [contentType] })
    const url = postmanAddress(request.text === undefined ? request.get('url') : request, (text) =>
      this.variables.text(text),
    )
    const tests = readTestScript(eventSource(item, 'test'))
    const extracts = tests.kept.flatMap(({ name: key, from }): Extract[] => {
      const variable = this.#assigned.get(key)
      return variable === undefined ? [] : [{ variable, from }]
    })
    for (const { variable } of extracts) this.correlated.push(`${variable}, from ${name}`)
    const method = (request.get('method').text ?? 'GET').toUpperCase()
    const statuses = tests.checks.flatMap((check) => (check.kind === 'status' ? check.anyOf : []))
    const step: RequestStep = {
      kind: 'request',
      method: /^[A-Z-]{1,20}$/.test(method) ? method : 'GET',
      url: { ...url, query: [...url.query, ...authorized.query] },
      headers: body?.kind === 'multipart' ? headers.filter((h) => h.name.toLowerCase() !== 'content-type') : headers,
      cookies: [],
      body,
      name: undefined,
      expected: statuses.filter((status) => status >= 400 && status < 600),
      checks:
        tests.checks.length > 0
          ? unnamedTwice(tests.checks)
          : [{ kind: 'statusBelow', below: 400, name: `${this.secrets.mask(name)}: status is below 400` }],
      extracts,
      followRedirects: true,
      compression: undefined,
    }
    const hidden = mapRequest(step, (text, place) => this.secrets.inPlace(text, place))
    return withName(hidden)
  }

  #headers(list: Json, authorization: readonly Header[]): Header[] {
    const headers = new Map<string, Header>()
    const add = (name: string, value: string): void => {
      if (
        /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) &&
        !/[\0-\x08\x0a-\x1f\x7f]/.test(value) &&
        !/^(?:content-length|host)$/i.test(name)
      )
        headers.set(name.toLowerCase(), { name, value: this.variables.text(value) })
    }
    for (const header of list.items)
      if (header.get('disabled').value !== true) add(header.get('key').text ?? '', header.get('value').text ?? '')
    // v2.0 allows them as one text.
    for (const line of (list.text ?? '').split('\n')) {
      const colon = line.indexOf(':')
      if (colon > 0) add(line.slice(0, colon).trim(), line.slice(colon + 1).trim())
    }
    for (const header of authorization)
      if (!headers.has(header.name.toLowerCase())) headers.set(header.name.toLowerCase(), header)
    return [...headers.values()]
  }

  #open(path: string): Code {
    const known = this.files.find((file) => file.path === path)
    const name = known?.name ?? identifier(`${path.replace(/^.*[/\\]/, '')} file`, this.#taken)
    if (known === undefined) {
      this.#taken.add(name)
      this.files.push({ name, path, binary: true })
    }
    return this.variables.own(name)
  }
}

/** k6 keeps one result for a name; a test with several assertions gives several checks. */
function unnamedTwice(checks: RequestStep['checks']): RequestStep['checks'] {
  const seen = new Map<string, number>()
  return checks.map((check) => {
    if (check.name === undefined) return check
    const count = (seen.get(check.name) ?? 0) + 1
    seen.set(check.name, count)
    return count === 1 ? check : { ...check, name: `${check.name} (${count})` }
  })
}

function eventSource(item: Json, listen: string): string {
  return item
    .get('event')
    .items.filter((event) => event.get('listen').text === listen && event.get('disabled').value !== true)
    .map((event) => {
      const exec = event.get('script').get('exec')
      return exec.text ?? exec.items.map((line) => line.text ?? '').join('\n')
    })
    .join('\n')
}

function scriptLines(source: string): string[] {
  const lines = source.split(/\r?\n/)
  return lines.length > 60 ? [...lines.slice(0, 60), '...'] : lines
}
