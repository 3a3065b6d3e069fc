/** `data()`: the `data-*` attributes of an element, with k6's conversions of names and values. */
import type { HtmlNode } from './nodes.js'

/** `json` is parsed in the script's realm by whoever hands it on. */
export type DataValue = { readonly value: unknown } | { readonly json: string }

/** @returns undefined for a node without any attribute */
export function dataOf(node: HtmlNode | undefined): [name: string, value: DataValue][] | undefined {
  if (node === undefined || node.attributes.length === 0) return undefined
  const found: [string, DataValue][] = []
  for (const { name, value } of node.attributes) {
    if (name.startsWith('data-') && name.length > 5) found.push([propertyName(name.slice(5)), convert(value)])
  }
  return found
}

export function namedDataOf(node: HtmlNode | undefined, property: string): DataValue | undefined {
  const attribute = node?.attributes.find(({ name }) => name === `data-${attributeName(property)}`)
  return attribute && convert(attribute.value)
}

function propertyName(name: string): string {
  const [first, ...rest] = name.split('-')
  return (
    (first ?? '') +
    rest
      .map((word) =>
        initialisms.has(word.toUpperCase()) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1),
      )
      .join('')
  )
}

/** fooBar -> foo-bar; a known initialism (URL, ID, ...) is one word. */
function attributeName(property: string): string {
  const words: string[] = []
  let rest = property
  while (rest !== '') {
    const known = /^[A-Z]{2,5}/.exec(rest)
    let word =
      /^[^A-Z]?[^A-Z]*/.exec(rest.slice(1)) === null
        ? rest
        : rest.charAt(0) + (/^[^A-Z]*/.exec(rest.slice(1)) as RegExpExecArray)[0]
    if (known !== null) {
      for (let length = known[0].length; length >= 2; length--) {
        if (initialisms.has(rest.slice(0, length))) {
          word = rest.slice(0, length)
          break
        }
      }
    }
    words.push(word.toLowerCase())
    rest = rest.slice(word.length)
  }
  return words.join('-').replaceAll('_', '-')
}

// The words that the library behind k6 writes in capitals (serenize/snaker).
const initialisms: ReadonlySet<string> = new Set(
  'ACL API ASCII CPU CSS DNS EOF ETA GPU GUID HTML HTTP HTTPS ID IP JSON LHS OS QPS RAM RHS RPC SLA SMTP SQL SSH TCP TLS TTL UDP UI UID UUID URI URL UTF8 VM XML XMPP XSRF XSS OAUTH'.split(
    ' ',
  ),
)

function convert(text: string): DataValue {
  if (text === '' || text === 'null' || text === 'undefined') return { value: undefined }
  if (text === 'true' || text === 'false') return { value: text === 'true' }
  if (text.startsWith('{') || text.startsWith('[')) {
    try {
      JSON.parse(text)
      return { json: text }
    } catch {
      return { value: text }
    }
  }
  // A number only if it would be written the same way again: "1.50" and "1e3" stay text.
  const number = Number(text)
  return { value: /^-?\d/.test(text) && plainText(number) === text ? number : text }
}

function plainText(number: number): string {
  return Math.abs(number) < 1e21 ? String(number) : BigInt(number).toString()
}
