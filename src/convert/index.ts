/** Recordings and descriptions of HTTP traffic as k6 scripts in TypeScript. */
import { unknownFormat } from './errors.js'
import { inputText } from './input/bytes.js'
import { detectFormat } from './detect.js'
import { writeScript } from './script/write.js'
import type { Converted, ConvertOptions, Format, Summary } from './types.js'

export type { ConvertOptions, Format, Summary } from './types.js'

export const formats: readonly Format[] = ['har', 'openapi', 'postman', 'curl', 'log']

export interface Conversion {
  readonly format: Format
  /** The script, TypeScript. */
  readonly text: string
  readonly summary: Summary
}

/**
 * @param bytes   the input, gzip or plain
 * @param name    its file name, for messages and the head of the script
 * @param format  undefined to tell it by its look
 * @throws PW_CONVERT_FORMAT, PW_CONVERT_INPUT, PW_CONVERT_TOO_LARGE, PW_CONVERT_EMPTY
 */
export async function convert(
  bytes: Uint8Array,
  name: string,
  format: Format | undefined,
  options: ConvertOptions,
): Promise<Conversion> {
  const { text, damaged } = inputText(bytes, name)
  const kind = format ?? detectFormat(text.slice(0, 1024 * 1024), name)
  if (kind === undefined) throw unknownFormat(name)
  const converted = await read(kind, text, name, options)
  const written = converted.blot(writeScript(converted.script))
  const { summary } = converted
  return {
    format: kind,
    text: written.text,
    summary: {
      ...summary,
      notes: [
        ...summary.notes,
        ...(damaged ? ['bytes that are no UTF-8 have become U+FFFD'] : []),
        ...written.words.map(
          (word) => `the value of ${word} is a word that stands in the script elsewhere; look whether it tells it`,
        ),
      ],
    },
  }
}

/** Each reader is loaded when its format is there. */
async function read(format: Format, text: string, name: string, options: ConvertOptions): Promise<Converted> {
  switch (format) {
    case 'har':
      return (await import('./har/plan-har.js')).planHar(text, name, options)
    case 'curl':
      return (await import('./curl/plan-curl.js')).planCurl(text, name, options)
    case 'openapi':
      return await (await import('./openapi/plan-openapi.js')).planOpenApi(text, name, options)
    case 'postman':
      return (await import('./postman/plan-postman.js')).planPostman(text, name, options)
    case 'log':
      return (await import('./log/plan-log.js')).planLog(text, name, options)
  }
}
