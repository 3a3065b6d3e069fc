/** What a form would submit, as k6's serialize methods see it. */
import { compileSelector } from './css.js'
import { attributeOf, type HtmlNode } from './nodes.js'
import { descendants, type Nodes } from './sets.js'
import { type FormValue, valueOf } from './values.js'

export function formValues(nodes: Nodes): [name: string, value: FormValue][] {
  const controls = nodes.some(compileSelector('form')) ? descendants(nodes, submittable) : nodes.filter(submittable)
  return controls.filter(isSuccessful).map((node) => [attributeOf(node, 'name') as string, valueOf([node])])
}

/** `application/x-www-form-urlencoded`, names sorted, the last value of a name counting. */
export function serialize(values: readonly (readonly [name: string, value: FormValue])[]): string {
  const byName = new Map<string, readonly string[]>()
  for (const [name, value] of values) {
    if (typeof value === 'string') byName.set(name, [value])
    else if (value !== undefined) byName.set(name, value)
  }
  const names = [...byName.keys()].sort()
  return names.flatMap((name) => (byName.get(name) ?? []).map((value) => `${encode(name)}=${encode(value)}`)).join('&')
}

const submittable = compileSelector('input,select,textarea,keygen')
const neverSubmitted: ReadonlySet<string> = new Set(['submit', 'button', 'reset', 'image', 'file'])

function isSuccessful(node: HtmlNode): boolean {
  const type = attributeOf(node, 'type') ?? ''
  if ((attributeOf(node, 'name') ?? '') === '' || neverSubmitted.has(type)) return false
  // k6 looks at the values of these attributes, not at their presence.
  if (attributeOf(node, 'disabled') === 'disabled') return false
  return attributeOf(node, 'checked') === 'checked' || (type !== 'checkbox' && type !== 'radio')
}

function encode(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
