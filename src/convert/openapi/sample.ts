/** A value that fits a schema: its example when it has one, else made from its type. Bounded against schemas that contain themselves. */
import type { Json } from '../input/json.js'
import type { References } from './read-document.js'

const MAX_DEPTH = 8
/** Below this depth, only what is required. */
const FULL_DEPTH = 4
const MAX_NODES = 2000

export class Sampler {
  readonly #references: References
  #nodes = 0
  /** How often each schema contains what is being made. */
  readonly #open = new Map<string, number>()

  constructor(references: References) {
    this.#references = references
  }

  /** JSON; undefined when the schema says nothing. */
  sample(schema: Json): unknown {
    this.#nodes = 0
    return this.#value(schema, 0)
  }

  /** The example of a parameter or a media type, by any of the places it may stand in, else made from its schema. */
  example(holder: Json): unknown {
    const own = holder.get('example')
    if (own.value !== undefined) return own.value
    for (const [, entry] of holder.get('examples').entries) {
      const value = this.#references.resolve(entry)?.get('value').value
      if (value !== undefined) return value
    }
    return this.sample(holder.get('schema'))
  }

  #value(node: Json, depth: number): unknown {
    if (depth > MAX_DEPTH || ++this.#nodes > MAX_NODES) return undefined
    const schema = this.#references.resolve(node)
    if (schema === undefined || !schema.isObject) return undefined
    const times = this.#open.get(schema.pointer) ?? 0
    // A parent has a parent, and that is enough.
    if (times >= 2) return undefined
    this.#open.set(schema.pointer, times + 1)
    const value = this.#made(schema, depth)
    this.#open.set(schema.pointer, times)
    return value
  }

  #made(schema: Json, depth: number): unknown {
    for (const key of ['example', 'const', 'default']) {
      const given = schema.get(key)
      if (given.value !== undefined) return given.value
    }
    const [example] = schema.get('examples').items
    if (example !== undefined) return example.value
    const [first] = schema.get('enum').items
    if (first !== undefined) return first.value
    if (schema.get('allOf').items.length > 0) return this.#merged(schema, depth)
    const [choice] = [...schema.get('oneOf').items, ...schema.get('anyOf').items].filter(
      (item) => item.get('type').text !== 'null',
    )
    if (choice !== undefined && !schema.get('properties').isObject) return this.#value(choice, depth + 1)
    switch (typeOf(schema)) {
      case 'object':
        return this.#object(schema, depth)
      case 'array': {
        const item = this.#value(schema.get('items'), depth + 1)
        return item === undefined ? [] : [item]
      }
      case 'integer':
      case 'number':
        return numberFor(schema)
      case 'boolean':
        return true
      case 'null':
        return null
      case 'string':
        return stringFor(schema)
      default:
        return undefined
    }
  }

  #merged(schema: Json, depth: number): unknown {
    const parts = schema.get('allOf').items.map((item) => this.#value(item, depth + 1))
    if (schema.get('properties').isObject) parts.push(this.#object(schema, depth))
    const objects = parts.filter((part) => typeof part === 'object' && part !== null && !Array.isArray(part))
    return objects.length === 0
      ? parts.find((part) => part !== undefined)
      : Object.fromEntries(objects.flatMap((part) => Object.entries(part as object)))
  }

  #object(schema: Json, depth: number): unknown {
    const required = new Set(schema.get('required').items.map((item) => item.text))
    const entries: [string, unknown][] = []
    for (const [name, property] of schema.get('properties').entries) {
      if (depth >= FULL_DEPTH && !required.has(name)) continue
      if (this.#references.resolve(property)?.get('readOnly').value === true) continue
      const value = this.#value(property, depth + 1)
      if (value !== undefined) entries.push([name, value])
    }
    return Object.fromEntries(entries)
  }
}

function typeOf(schema: Json): string | undefined {
  const { text, items } = schema.get('type')
  const named = text ?? items.map((item) => item.text).find((item) => item !== 'null')
  if (named !== undefined) return named
  if (schema.get('properties').isObject) return 'object'
  return schema.get('items').isObject ? 'array' : undefined
}

function numberFor(schema: Json): number {
  const least = schema.get('minimum').number ?? schema.get('exclusiveMinimum').number
  const most = schema.get('maximum').number ?? schema.get('exclusiveMaximum').number
  const step = schema.get('multipleOf').number ?? 1
  const wanted =
    least === undefined ? Math.min(1, most ?? 1) : least + (schema.get('exclusiveMinimum').isMissing ? 0 : step)
  return step > 0 && step !== 1 ? Math.ceil(wanted / step) * step : wanted
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-15',
  'date-time': '2026-01-15T12:00:00Z',
  time: '12:00:00Z',
  duration: 'PT1H',
  email: 'user@example.com',
  uuid: '3fa85f64-5717-4562-b3fc-2c963f66afa6',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  byte: 'dGV4dA==',
  binary: 'content',
  password: '',
}

function stringFor(schema: Json): string {
  const format = schema.get('format').text
  if (format !== undefined && Object.hasOwn(FORMATS, format)) return FORMATS[format] ?? ''
  const least = Math.min(200, schema.get('minLength').number ?? 0)
  const most = schema.get('maxLength').number ?? 200
  return 'text'.padEnd(least, 'x').slice(0, Math.max(0, most))
}
