/** What an input is, by its look. */
import type { Format } from './types.js'

/** @param head  its first characters; whole lines are not needed */
export function detectFormat(head: string, name: string): Format | undefined {
  const text = head.replace(/^\ufeff/, '').trimStart()
  if (text.startsWith('{')) return detectJson(text)
  if (/^["']?(?:openapi|swagger)["']?[ \t]*:[ \t]*["']?\d/im.test(text)) return 'openapi'
  if (/(?:^|[\s$>;|&])curl(?:\.exe)?\s+/.test(text.slice(0, 4096))) return 'curl'
  if (LOG_LINE.test(text.slice(0, 65_536))) return 'log'
  return /\.har(?:\.gz)?$/i.test(name) ? 'har' : undefined
}

/** The start of an object: keys in any order, so that what is unmistakable is looked for. */
function detectJson(text: string): Format | undefined {
  if (/"openapi"\s*:\s*"3\./.test(text)) return 'openapi'
  if (/"schema"\s*:\s*"https?:\/\/schema\.(?:get)?postman\.com/.test(text) || /"_postman_id"\s*:/.test(text))
    return 'postman'
  if (/^\{\s*"log"\s*:/.test(text)) return 'har'
  // Logs that are one JSON object a line.
  const [first = ''] = text.split('\n', 1)
  if (/"(?:request|request_uri|uri|path)"\s*:/.test(first) && first.trimEnd().endsWith('}')) return 'log'
  if (/"paths"\s*:/.test(text) && /"info"\s*:/.test(text)) return 'openapi'
  if (/"item"\s*:\s*\[/.test(text) && /"info"\s*:/.test(text)) return 'postman'
  return /"log"\s*:\s*\{/.test(text) ? 'har' : undefined
}

/** A request line in quotes, as every access log has. */
export const LOG_LINE: RegExp = /"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) [^"\s]+(?: HTTP\/[\d.]+)?"/
