/** A request body of an OpenAPI operation: the example, or a value made from the schema, in the type that reads best. */
import type { Json } from '../input/json.js'
import { jsonTree } from '../recording/body.js'
import type { Body, Part } from '../script/model.js'
import type { References } from './read-document.js'
import type { Sampler } from './sample.js'

export interface OpenApiBody {
  readonly body: Body | undefined
  readonly contentType: string | undefined
  readonly note?: string
}

export function openApiBody(requestBody: Json | undefined, sampler: Sampler, references: References): OpenApiBody {
  const content = requestBody?.get('content').entries ?? []
  const chosen =
    content.find(([type]) => /^application\/(?:[\w.-]+\+)?json/i.test(type)) ??
    content.find(([type]) => type.startsWith('application/x-www-form-urlencoded')) ??
    content.find(([type]) => type.startsWith('multipart/form-data')) ??
    content[0]
  if (chosen === undefined) return { body: undefined, contentType: undefined }
  const [type, media] = chosen
  const contentType = /^[\x20-\x7e]+$/.test(type) && !type.includes('*') ? type : 'application/octet-stream'
  const value = sampler.example(media)
  if (/json/i.test(type)) {
    if (value === undefined)
      return {
        body: { kind: 'text', text: ['{}'] },
        contentType,
        note: 'the schema of the body says nothing; {} is sent',
      }
    return { body: { kind: 'json', json: jsonTree(value) }, contentType }
  }
  const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  if (type.startsWith('application/x-www-form-urlencoded') && fields.length > 0)
    return {
      body: { kind: 'form', fields: fields.map(([name, item]) => ({ name, value: [textOf(item)] })) },
      contentType: undefined,
    }
  if (type.startsWith('multipart/form-data') && fields.length > 0) {
    const properties = references.resolve(media.get('schema'))?.get('properties')
    const parts = fields.map(([name, item]): Part => {
      const schema = properties === undefined ? undefined : references.resolve(properties.get(name))
      const isFile = schema?.get('format').text === 'binary' || schema?.get('contentMediaType').text !== undefined
      return isFile
        ? { name, content: ['content'], filename: 'file.bin', mimeType: 'application/octet-stream' }
        : { name, value: [textOf(item)] }
    })
    if (parts.some((part) => !('value' in part)))
      return { body: { kind: 'multipart', parts }, contentType: undefined, note: 'files are placeholders' }
    return {
      body: { kind: 'form', fields: fields.map(([name, item]) => ({ name, value: [textOf(item)] })) },
      contentType: undefined,
      note: 'the form is sent URL-encoded, because there is no file in it',
    }
  }
  if (typeof value === 'string') return { body: { kind: 'text', text: [value] }, contentType }
  return {
    body: { kind: 'text', text: [''] },
    contentType,
    note: `a body of the type ${contentType} has no example; fill it in`,
  }
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
