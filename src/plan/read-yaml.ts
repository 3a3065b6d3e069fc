/** YAML that a person wrote, read by a schema: every mistake at once, each with its line and what was probably meant. */
import { isMap, isPair, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { invalidPlan } from './errors.js'
import { nearest } from './nearest.js'

export interface ReadYaml<T> {
  readonly value: T
  /** `file:line:column` of what stands at a path. @param key  of its key */
  place(path: readonly PropertyKey[], key?: boolean): string
}

const maxChars = 1024 * 1024

/** @throws PW_PLAN_INVALID, or what `invalid` makes of the problems */
export function readYaml<T>(
  text: string,
  name: string,
  schema: z.ZodType<T>,
  invalid: typeof invalidPlan = invalidPlan,
): ReadYaml<T> {
  if (text.length > maxChars) throw invalid([`${name}: the file is longer than 1 MiB`], name)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent' })
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  if (document.errors.length > 0)
    throw invalid(
      document.errors.map(({ message, pos }) => `${at(pos[0])}: ${message.split('\n')[0]?.replace(/ at line.*$/, '')}`),
      name,
    )
  const place = (path: readonly PropertyKey[], key = false): string => at(offsetOf(document, path, key))
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw invalid([`${name}: ${(error as Error).message}`], name, error)
  }
  const read = schema.safeParse(value)
  if (!read.success)
    throw invalid(
      read.error.issues.flatMap((issue) => describe(issue, value, schema, place)),
      name,
    )
  return { value: read.data, place }
}

function describe(
  issue: z.core.$ZodIssue,
  value: unknown,
  schema: unknown,
  place: (path: readonly PropertyKey[], key?: boolean) => string,
): string[] {
  const { path } = issue
  const label = path.length === 0 ? '' : `${path.map(String).join('.')}: `
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path)
    return issue.keys.map((key) => {
      const meant = nearest(key, known)
      const hint = meant === undefined ? `; there are ${known.join(', ')}` : `; did you mean "${meant}"?`
      return `${place([...path, key], true)}: ${label}there is no "${key}"${known.length === 0 ? '' : hint}`
    })
  }
  const given = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value)
  if (issue.code === 'invalid_value') {
    const options = issue.values.map(String)
    const meant = nearest(String(given), options)
    const hint = meant === undefined ? `one of ${options.join(', ')}` : `did you mean "${meant}"?`
    const what = given === undefined ? 'is missing' : `there is no ${JSON.stringify(given)}`
    return [`${place(path)}: ${label}${what}; ${hint}`]
  }
  if (issue.code === 'invalid_format') {
    const wants = /must match|Invalid string/.test(issue.message)
      ? `it wants another form`
      : `it wants ${issue.message}`
    return [`${place(path)}: ${label}${JSON.stringify(given)} cannot be read; ${wants}`]
  }
  if (given === undefined && path.length > 0) return [`${place(path)}: ${label}is missing`]
  return [`${place(path)}: ${label}${issue.message}`]
}

/** Keys that the schema has at a path. */
function knownKeys(schema: unknown, path: readonly PropertyKey[]): string[] {
  let node = schema
  for (const key of path) {
    const inner = unwrap(node)
    // A list is unwrapped into what it lists.
    node =
      typeof key === 'number' ? inner : (inner as { shape?: Record<PropertyKey, unknown> } | undefined)?.shape?.[key]
  }
  return Object.keys((unwrap(node) as { shape?: object } | undefined)?.shape ?? {})
}

function unwrap(node: unknown): unknown {
  const optional = node as { unwrap?: () => unknown; shape?: object } | undefined
  return optional?.shape === undefined && typeof optional?.unwrap === 'function' ? unwrap(optional.unwrap()) : node
}

/** Where a value stands, or its key; for what is missing, the nearest thing that holds it. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[], key: boolean): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    const holder = length === 1 ? document.contents : parent
    if (isMap(holder)) {
      const pair = holder.items.find(
        (item) => isPair(item) && String((item.key as { value?: unknown })?.value) === String(last),
      )
      const node = (key && length === path.length ? pair?.key : (pair?.value ?? pair?.key)) as
        | { range?: readonly number[] }
        | undefined
      if (node?.range?.[0] !== undefined) return node.range[0]
    }
    const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined
    if (node?.range?.[0] !== undefined) return node.range[0]
  }
  return document.contents?.range?.[0] ?? 0
}
