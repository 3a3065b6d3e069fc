/** The URL of a Postman request: one text, or in parts; path variables (`:id`) filled in. */
import { brokenInput } from '../errors.js'
import type { Json } from '../input/json.js'
import type { Address, QueryPair, Text } from '../script/model.js'

export function postmanAddress(url: Json, text: (raw: string) => Text): Address {
  const raw = url.text ?? url.get('raw').text ?? fromParts(url)
  if (raw === undefined || raw.trim() === '')
    throw brokenInput('The request has no URL.', url.where, 'give it one in Postman and export again')
  const values = new Map<string, string>()
  for (const variable of url.get('variable').items) {
    const key = variable.get('key').text ?? variable.get('id').text
    const value = variable.get('value')
    if (key !== undefined) values.set(key, value.text ?? (value.number === undefined ? '' : String(value.number)))
  }
  const [beforeHash = ''] = raw.trim().split('#', 1)
  const mark = beforeHash.indexOf('?')
  const address = mark < 0 ? beforeHash : beforeHash.slice(0, mark)
  const query = queryOf(url, mark < 0 ? '' : beforeHash.slice(mark + 1), text)
  const [, scheme = '', host = '', path = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?([^/]*)(.*)$/is.exec(address) ?? []
  // A host that is a variable brings its own scheme.
  const base = scheme !== '' || host.startsWith('{{') ? `${scheme}${host}` : `http://${host}`
  const filled = path
    .split('/')
    .map((segment) =>
      segment.startsWith(':') && segment.length > 1
        ? (values.get(segment.slice(1)) ?? `{{${segment.slice(1)}}}`)
        : segment,
    )
    .join('/')
  return {
    base: text(base),
    path: text(filled).map((part) => (typeof part === 'string' ? encodeLoose(part) : part)),
    query,
  }
}

function fromParts(url: Json): string | undefined {
  const join = (part: Json, by: string): string =>
    part.text ?? part.items.map((item) => item.text ?? item.get('value').text ?? '').join(by)
  const host = join(url.get('host'), '.')
  if (host === '') return undefined
  const protocol = url.get('protocol').text
  const port = url.get('port').text
  const path = join(url.get('path'), '/')
  return `${protocol === undefined ? '' : `${protocol}://`}${host}${port === undefined ? '' : `:${port}`}${path === '' ? '' : `/${path}`}`
}

function queryOf(url: Json, raw: string, text: (raw: string) => Text): QueryPair[] {
  const list = url.get('query').items
  const side = (part: string): Text =>
    text(part).map((piece) => (typeof piece === 'string' ? encodeLoose(piece) : piece))
  if (list.length > 0)
    return list
      .filter((pair) => pair.get('disabled').value !== true && pair.get('key').text !== undefined)
      .map((pair) => {
        const value = pair.get('value').text
        return { name: side(pair.get('key').text ?? ''), value: value === undefined ? undefined : side(value) }
      })
  if (raw === '') return []
  return raw.split('&').map((pair) => {
    const eq = pair.indexOf('=')
    return eq < 0
      ? { name: side(pair), value: undefined }
      : { name: side(pair.slice(0, eq)), value: side(pair.slice(eq + 1)) }
  })
}

/** As Postman does: what no URL can hold is encoded, what is encoded already stays. */
function encodeLoose(text: string): string {
  return text.replace(/[^\x21-\x7e]|["<>\\^`{|}#]/gu, (char) => encodeURIComponent(char.replace(/\p{Cs}/u, '\ufffd')))
}
