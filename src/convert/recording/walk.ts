/** Every text of a request that a value may hide in, visited and replaced in place. */
import { decodeText, encodeText } from '../input/bytes.js'
import { type Body, Code, type Header, joinText, type JsonTree, type RequestStep, type Text } from '../script/model.js'

export interface Place {
  readonly kind: 'path' | 'query' | 'header' | 'form' | 'json' | 'text' | 'cookie'
  /** Name of the parameter, header, field, or the nearest key of the JSON. */
  readonly name: string
}

/** Answers with the text to stand there; the same one for no change. `text` is decoded where the URL encodes. */
export type Visitor = (text: string, place: Place) => Text | undefined

/** The request with what the visitor answers; only plain parts are shown to it. */
export function mapRequest(step: RequestStep, visit: Visitor): RequestStep {
  const { url, body } = step
  const segments = (text: Text): Text =>
    text.flatMap((part) =>
      part instanceof Code
        ? [part]
        : part.split(/(\/)/).flatMap((segment) => encoded(segment, { kind: 'path', name: '' }, visit)),
    )
  const headers = (list: readonly Header[], kind: 'header' | 'cookie'): Header[] =>
    list.map(({ name, value }) => ({ name, value: plain(value, { kind, name }, visit) }))
  return {
    ...step,
    url: {
      ...url,
      path: segments(url.path),
      query: url.query.map((pair) => ({
        name: pair.name,
        value:
          pair.value === undefined
            ? undefined
            : pair.value.flatMap((part) =>
                part instanceof Code
                  ? [part]
                  : encoded(part, { kind: 'query', name: decodeText(pair.name.join('')) }, visit),
              ),
      })),
    },
    headers: headers(step.headers, 'header'),
    cookies: headers(step.cookies, 'cookie'),
    body: body === undefined ? undefined : mapBody(body, visit),
  }
}

function mapBody(body: Body, visit: Visitor): Body {
  switch (body.kind) {
    case 'json':
      return { kind: 'json', json: mapTree(body.json, '', visit) }
    case 'form':
      return {
        kind: 'form',
        fields: body.fields.map(({ name, value }) => ({ name, value: plain(value, { kind: 'form', name }, visit) })),
      }
    case 'multipart':
      return {
        kind: 'multipart',
        parts: body.parts.map((part) =>
          'value' in part
            ? { name: part.name, value: plain(part.value, { kind: 'form', name: part.name }, visit) }
            : part,
        ),
      }
    case 'text':
      return { kind: 'text', text: plain(body.text, { kind: 'text', name: '' }, visit) }
    default:
      return body
  }
}

function mapTree(tree: JsonTree, name: string, visit: Visitor): JsonTree {
  switch (tree.kind) {
    case 'list':
      return { kind: 'list', items: tree.items.map((item) => mapTree(item, name, visit)) }
    case 'object':
      return { kind: 'object', entries: tree.entries.map(([key, item]) => [key, mapTree(item, key, visit)] as const) }
    case 'text':
      return { kind: 'text', text: plain(tree.text, { kind: 'json', name }, visit) }
    case 'plain': {
      if (typeof tree.value !== 'number') return tree
      const [code] = visit(String(tree.value), { kind: 'json', name }) ?? []
      return code instanceof Code ? { kind: 'number', code } : tree
    }
    default:
      return tree
  }
}

function plain(text: Text, place: Place, visit: Visitor): Text {
  return joinText(joinText(text).flatMap((part) => (part instanceof Code ? [part] : (visit(part, place) ?? [part]))))
}

/** In a URL, what is put in has to be encoded; values that need none in the recording stand bare. */
function encoded(part: string, place: Place, visit: Visitor): Text {
  if (part === '' || part === '/') return [part]
  const decoded = decodeText(place.kind === 'query' ? part.replaceAll('+', ' ') : part)
  const answer = visit(decoded, place)
  if (answer === undefined) return [part]
  return answer.map((piece) => {
    if (piece instanceof Code)
      return /^[\w.~-]*$/.test(part) && !piece.text.startsWith('secrets.')
        ? piece
        : new Code(`encodeURIComponent(${piece.text})`)
    return encodeText(piece)
  })
}
