/** The body of a request in the form that reads best and still sends what was recorded. */
import { isGzip, tryGunzip, tryText } from '../input/bytes.js'
import { MAX_DEPTH } from '../input/json.js'
import type { Body, Code, JsonTree, Part } from '../script/model.js'
import type { RecordedBody, RecordedPart } from './types.js'

export interface StatedBody {
  readonly body: Body | undefined
  /** k6 writes Content-Type by itself. */
  readonly ownsContentType: boolean
  readonly compression: 'gzip' | undefined
  readonly note?: string
}

const MAX_UNPACKED = 4 * 1024 * 1024

/** @param open  makes the constant that holds a file, and answers its name */
export function stateBody(
  recorded: RecordedBody | undefined,
  contentEncoding: string | undefined,
  open: (path: string, binary: boolean) => Code,
): StatedBody {
  const plain = { ownsContentType: false, compression: undefined }
  if (recorded === undefined) return { body: undefined, ...plain }
  const { content } = recorded
  const mimeType = recorded.mimeType.split(';')[0]?.trim().toLowerCase() ?? ''
  switch (content.kind) {
    case 'file':
      return { body: { kind: 'file', code: open(content.path, content.binary) }, ...plain }
    case 'multipart':
      return multipart(content.parts, open)
    case 'bytes': {
      const unpacked = isGzip(content.bytes) ? tryGunzip(content.bytes, MAX_UNPACKED) : undefined
      const text = unpacked === undefined ? undefined : tryText(unpacked)
      if (text === undefined || contentEncoding?.trim().toLowerCase() !== 'gzip')
        return { body: { kind: 'bytes', base64: Buffer.from(content.bytes).toString('base64') }, ...plain }
      const { body, ownsContentType } = textBody(text, mimeType, recorded.mimeType)
      // An object as a form is encoded before it is compressed, and k6 compresses text alone in every version.
      return body?.kind === 'form'
        ? { body: { kind: 'text', text: [text] }, ownsContentType: false, compression: 'gzip' }
        : { body, ownsContentType, compression: 'gzip' }
    }
    case 'text':
      return { ...textBody(content.text, mimeType, recorded.mimeType), compression: undefined }
  }
}

/** JSON as an object when the engine's own JSON.stringify gives the same bytes. */
export function jsonBody(text: string): Body | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    const value = JSON.parse(text) as unknown
    if (depthOf(text) > MAX_DEPTH || JSON.stringify(value) !== text) return undefined
    return { kind: 'json', json: jsonTree(value) }
  } catch {
    return undefined
  }
}

export function jsonTree(value: unknown): JsonTree {
  if (typeof value === 'string') return { kind: 'text', text: [value] }
  if (Array.isArray(value)) return { kind: 'list', items: value.map(jsonTree) }
  if (typeof value === 'object' && value !== null)
    return { kind: 'object', entries: Object.entries(value).map(([key, item]) => [key, jsonTree(item)] as const) }
  return { kind: 'plain', value: (value ?? null) as number | boolean | null }
}

function textBody(text: string, mimeType: string, fullType: string): Pick<StatedBody, 'body' | 'ownsContentType'> {
  if (mimeType === 'application/x-www-form-urlencoded' || mimeType === '') {
    const fields = mimeType === '' && !/^[\w.%+~*-]+=/.test(text) ? undefined : formFields(text)
    if (fields !== undefined) return { body: { kind: 'form', fields }, ownsContentType: isPlainForm(fullType) }
  }
  if (mimeType.startsWith('multipart/')) {
    const parts = partsOf(text, fullType)
    if (parts !== undefined && canBeObject(parts)) {
      const { body } = multipart(parts, () => {
        throw new Error('a part of a recording is no file')
      })
      return { body, ownsContentType: true }
    }
  }
  return { body: jsonBody(text) ?? { kind: 'text', text: [text] }, ownsContentType: false }
}

function isPlainForm(fullType: string): boolean {
  return fullType === '' || fullType.trim().toLowerCase() === 'application/x-www-form-urlencoded'
}

/** Fields, when an object can say the same: every name once, nothing encoded wrong. */
function formFields(text: string): { name: string; value: string[] }[] | undefined {
  const fields: { name: string; value: string[] }[] = []
  const seen = new Set<string>()
  for (const pair of text.split('&')) {
    const eq = pair.indexOf('=')
    if (eq < 1) return undefined
    const [name, value] = [decodeForm(pair.slice(0, eq)), decodeForm(pair.slice(eq + 1))]
    if (name === undefined || value === undefined || seen.has(name)) return undefined
    seen.add(name)
    fields.push({ name, value: [value] })
  }
  return fields.length === 0 ? undefined : fields
}

function decodeForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function multipart(parts: readonly RecordedPart[], open: (path: string, binary: boolean) => Code): StatedBody {
  if (!canBeObject(parts)) {
    const boundary = '----perfwright'
    return {
      body: { kind: 'text', text: [writeParts(parts, boundary)] },
      ownsContentType: false,
      compression: undefined,
      note: `multipart/form-data; boundary=${boundary}`,
    }
  }
  const stated: Part[] = parts.map((part) => {
    if (part.filename === undefined && part.path === undefined) return { name: part.name, value: [part.value ?? ''] }
    const filename = part.filename ?? 'file'
    const mimeType = part.mimeType ?? 'application/octet-stream'
    const content = part.path === undefined ? [part.value ?? ''] : open(part.path, true)
    return { name: part.name, content, filename, mimeType }
  })
  return { body: { kind: 'multipart', parts: stated }, ownsContentType: true, compression: undefined }
}

/** k6 sends an object as multipart when there is a file in it; a name stands in it once. */
function canBeObject(parts: readonly RecordedPart[]): boolean {
  const hasFile = parts.some((part) => part.filename !== undefined || part.path !== undefined)
  return hasFile && new Set(parts.map(({ name }) => name)).size === parts.length
}

function writeParts(parts: readonly RecordedPart[], boundary: string): string {
  const clean = (text: string): string => text.replace(/[\r\n"]/g, (c) => encodeURIComponent(c))
  return [
    ...parts.flatMap((part) => [
      `--${boundary}`,
      `Content-Disposition: form-data; name="${clean(part.name)}"${part.filename === undefined ? '' : `; filename="${clean(part.filename)}"`}`,
      ...(part.mimeType === undefined ? [] : [`Content-Type: ${part.mimeType.replace(/[\r\n]/g, '')}`]),
      '',
      part.value ?? '',
    ]),
    `--${boundary}--`,
    '',
  ].join('\r\n')
}

/** RFC 7578; undefined when the text is not what its type says. */
function partsOf(text: string, fullType: string): RecordedPart[] | undefined {
  const boundary = /boundary="?([^";]{1,70})"?/i.exec(fullType)?.[1]
  if (boundary === undefined) return undefined
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`)
  if (pieces.length < 3 || !pieces.at(-1)?.startsWith('--')) return undefined
  const parts: RecordedPart[] = []
  for (const piece of pieces.slice(1, -1)) {
    const end = piece.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const head = piece.slice(0, end)
    const name = /;\s*name="([^"]*)"/i.exec(head)?.[1]
    if (name === undefined) return undefined
    parts.push({
      name,
      value: piece.slice(end + 4),
      filename: /;\s*filename="([^"]*)"/i.exec(head)?.[1],
      mimeType: /^content-type:\s*(.+)$/im.exec(head)?.[1]?.trim(),
    })
  }
  return parts
}

/** Depth by brackets, strings skipped; enough to refuse what would exhaust the stack. */
function depthOf(text: string): number {
  let [depth, deepest, inString] = [0, 0, false]
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (inString) {
      if (char === 0x5c) i++
      else if (char === 0x22) inString = false
    } else if (char === 0x22) inString = true
    else if (char === 0x7b || char === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (char === 0x7d || char === 0x5d) depth--
  }
  return deepest
}
