/** The body of a Postman request: raw, form, multipart, file, GraphQL. */
import type { Json } from '../input/json.js'
import { jsonBody } from '../recording/body.js'
import { type Body, Code, type JsonTree, type Part, type Text } from '../script/model.js'

export interface PostmanBody {
  readonly body: Body | undefined
  readonly contentType: string | undefined
  readonly note?: string
}

export function postmanBody(body: Json, text: (raw: string) => Text, open: (path: string) => Code): PostmanBody {
  const none = { body: undefined, contentType: undefined }
  if (!body.isObject || body.get('disabled').value === true) return none
  switch (body.get('mode').text) {
    case 'raw':
      return rawBody(body, text)
    case 'urlencoded':
      return formBody(body.get('urlencoded'), text)
    case 'formdata':
      return multipartBody(body.get('formdata'), text, open)
    case 'file': {
      const src = body.get('file').get('src').text
      if (src === undefined) return { ...none, note: 'the file of the body is not named in the collection' }
      return { body: { kind: 'file', code: open(src) }, contentType: undefined }
    }
    case 'graphql':
      return graphqlBody(body.get('graphql'), text)
    default:
      return none
  }
}

const LANGUAGES: Readonly<Record<string, string>> = {
  json: 'application/json',
  xml: 'application/xml',
  html: 'text/html',
  javascript: 'application/javascript',
}

function rawBody(body: Json, text: (raw: string) => Text): PostmanBody {
  const raw = body.get('raw').text ?? ''
  if (raw === '') return { body: undefined, contentType: undefined }
  const language = body.get('options').get('raw').get('language').text
  const declared = language !== undefined && Object.hasOwn(LANGUAGES, language) ? LANGUAGES[language] : undefined
  // People write JSON in Postman over several lines; what matters is what it says.
  const compact = compactJson(raw)
  const asJson = compact === undefined ? undefined : jsonBody(compact)
  if (asJson?.kind === 'json')
    return {
      body: { kind: 'json', json: withVariables(asJson.json, text) },
      contentType: declared ?? (language === undefined ? 'application/json' : 'text/plain'),
    }
  return { body: { kind: 'text', text: text(raw) }, contentType: declared ?? 'text/plain' }
}

function compactJson(raw: string): string | undefined {
  try {
    const value = JSON.parse(raw) as unknown
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : undefined
  } catch {
    return undefined
  }
}

function withVariables(tree: JsonTree, text: (raw: string) => Text): JsonTree {
  if (tree.kind === 'list') return { kind: 'list', items: tree.items.map((item) => withVariables(item, text)) }
  if (tree.kind === 'object')
    return { kind: 'object', entries: tree.entries.map(([key, item]) => [key, withVariables(item, text)] as const) }
  if (tree.kind !== 'text') return tree
  return { kind: 'text', text: tree.text.flatMap((part) => (part instanceof Code ? [part] : text(part))) }
}

function enabled(list: Json): readonly Json[] {
  return list.items.filter((item) => item.get('disabled').value !== true && item.get('key').text !== undefined)
}

function formBody(list: Json, text: (raw: string) => Text): PostmanBody {
  const fields = enabled(list).map((item) => ({
    name: item.get('key').text ?? '',
    value: text(item.get('value').text ?? ''),
  }))
  if (fields.length === 0) return { body: undefined, contentType: undefined }
  if (new Set(fields.map(({ name }) => name)).size === fields.length)
    return { body: { kind: 'form', fields }, contentType: undefined }
  const joined = fields.flatMap(
    ({ name, value }, i): Text => [
      `${i === 0 ? '' : '&'}${encodeForm(name)}=`,
      ...value.map((part) => (part instanceof Code ? new Code(`encodeURIComponent(${part.text})`) : encodeForm(part))),
    ],
  )
  return { body: { kind: 'text', text: joined }, contentType: 'application/x-www-form-urlencoded' }
}

function encodeForm(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd')).replaceAll('%20', '+')
}

function multipartBody(list: Json, text: (raw: string) => Text, open: (path: string) => Code): PostmanBody {
  const seen = new Set<string>()
  let note: string | undefined
  const parts = enabled(list).flatMap((item): Part[] => {
    const name = item.get('key').text ?? ''
    if (seen.has(name)) {
      note = `the form field ${name} stands twice; an object holds it once`
      return []
    }
    seen.add(name)
    if (item.get('type').text !== 'file') return [{ name, value: text(item.get('value').text ?? '') }]
    const src = item.get('src').text ?? item.get('src').items[0]?.text
    const mimeType = item.get('contentType').text ?? 'application/octet-stream'
    if (src === undefined) {
      note = `the file of the field ${name} is not named in the collection; a placeholder is sent`
      return [{ name, content: ['placeholder'], filename: 'file', mimeType }]
    }
    return [{ name, content: open(src), filename: src.replace(/^.*[/\\]/, ''), mimeType }]
  })
  if (parts.length === 0) return { body: undefined, contentType: undefined }
  if (parts.some((part) => !('value' in part)))
    return { body: { kind: 'multipart', parts }, contentType: undefined, ...(note === undefined ? {} : { note }) }
  // Without a file k6 would send an object as a URL-encoded form.
  const boundary = '----perfwright'
  const lines = parts.flatMap(
    (part): Text => [
      `--${boundary}\r\nContent-Disposition: form-data; name="${part.name.replace(/[\r\n"]/g, (c) => encodeURIComponent(c))}"\r\n\r\n`,
      ...('value' in part ? part.value : []),
      '\r\n',
    ],
  )
  return {
    body: { kind: 'text', text: [...lines, `--${boundary}--\r\n`] },
    contentType: `multipart/form-data; boundary=${boundary}`,
    ...(note === undefined ? {} : { note }),
  }
}

function graphqlBody(graphql: Json, text: (raw: string) => Text): PostmanBody {
  const variables = graphql.get('variables')
  let parsed: unknown = variables.value ?? {}
  try {
    if (variables.text !== undefined)
      parsed = variables.text.trim() === '' ? {} : (JSON.parse(variables.text) as unknown)
  } catch {
    return {
      body: { kind: 'text', text: [JSON.stringify({ query: graphql.get('query').text ?? '' })] },
      contentType: 'application/json',
      note: 'the GraphQL variables are no JSON and are left out',
    }
  }
  const plain = jsonBody(JSON.stringify({ query: graphql.get('query').text ?? '', variables: parsed }))
  if (plain?.kind !== 'json') return { body: undefined, contentType: undefined }
  return { body: { kind: 'json', json: withVariables(plain.json, text) }, contentType: 'application/json' }
}
