/**
 * One line of an access log: the common and combined formats of Apache and nginx, with anything before and after them
 * (virtual hosts, durations), and one JSON object a line.
 */

export interface LogLine {
  readonly client: string
  readonly unixMs: number | undefined
  readonly method: string
  /** Path with query, as it was asked. */
  readonly target: string
  readonly status: number | undefined
}

/** The line, or undefined for what is no request. */
export function readLogLine(line: string): LogLine | undefined {
  if (line.length > MAX_LINE) return undefined
  return line.startsWith('{') ? jsonLine(line) : textLine(line)
}

const MAX_LINE = 65_536
const REQUEST = /"(?:([A-Z]{3,10}) )((?:\\.|[^"\\\s])+)(?: HTTP\/[\d.]+)?"/
const TIME = /\[(\d{1,2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?: ([+-])(\d{2})(\d{2}))?\]/
const ISO_TIME = /\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function textLine(line: string): LogLine | undefined {
  const request = REQUEST.exec(line)
  if (request === null) return undefined
  const [whole, method = '', target = ''] = request
  const after = line.slice(request.index + whole.length)
  const before = line.slice(0, request.index)
  const status = /^\s+"?(\d{3})\b/.exec(after)?.[1]
  return {
    client: `${clientOf(before)} ${agentOf(after)}`,
    unixMs: timeOf(before) ?? timeOf(after),
    method,
    target: unescapeLog(target),
    status: status === undefined ? undefined : Number(status),
  }
}

/** The first address of the line; behind a virtual host's name it is the second word. */
function clientOf(before: string): string {
  const words = before.split(' ', 3)
  return words.find((word) => /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:.]+)$/i.test(word)) ?? words[0] ?? ''
}

/** The last quoted text but "-": clients behind one address differ by it. */
function agentOf(after: string): string {
  const quoted = [...after.matchAll(/"((?:\\.|[^"\\])*)"/g)].map(([, text]) => text ?? '')
  return quoted.findLast((text) => text.length > 3) ?? ''
}

function timeOf(text: string): number | undefined {
  const found = TIME.exec(text)
  if (found !== null) {
    const [, day, month = '', year, hour, minute, second, sign, zoneHour, zoneMinute] = found
    const at = Date.UTC(Number(year), MONTHS.indexOf(month), Number(day), Number(hour), Number(minute), Number(second))
    const zoneMs = sign === undefined ? 0 : (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000
    return sign === '-' ? at + zoneMs : at - zoneMs
  }
  const iso = ISO_TIME.exec(text)?.[0]
  const parsed = iso === undefined ? Number.NaN : Date.parse(iso.replace(' ', 'T'))
  return Number.isNaN(parsed) ? undefined : parsed
}

/** nginx writes what is no printable character as \xHH. */
function unescapeLog(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\x([0-9A-Fa-f]{2})/g, (_, hex: string) => `%${hex.toUpperCase()}`).replace(/\\(["\\])/g, '$1')
    : text
}

const KEYS = {
  client: ['remote_addr', 'client_ip', 'clientip', 'remote_ip', 'ip', 'x_forwarded_for', 'ClientHost', 'host'],
  agent: ['http_user_agent', 'user_agent', 'agent', 'request_User-Agent'],
  time: ['time_iso8601', 'time_local', '@timestamp', 'timestamp', 'time', 'ts', 'StartUTC', 'msec'],
  method: ['request_method', 'method', 'RequestMethod', 'verb'],
  target: ['request_uri', 'uri', 'path', 'url', 'RequestPath'],
  status: ['status', 'status_code', 'response', 'DownstreamStatus'],
} as const

function jsonLine(line: string): LogLine | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const record = value as Record<string, unknown>
  const inner =
    typeof record['request'] === 'object' && record['request'] !== null
      ? (record['request'] as Record<string, unknown>)
      : {}
  const pick = (keys: readonly string[]): string | undefined => {
    for (const key of keys) {
      const found = record[key] ?? inner[key]
      if (typeof found === 'string' || typeof found === 'number') return String(found)
    }
    return undefined
  }
  const requestLine = typeof record['request'] === 'string' ? /^([A-Z]+) (\S+)/.exec(record['request']) : null
  const method = requestLine?.[1] ?? pick(KEYS.method)
  const target = requestLine?.[2] ?? pick(KEYS.target)
  if (method === undefined || target === undefined || !/^[A-Z]{3,10}$/.test(method)) return undefined
  const time = pick(KEYS.time)
  const status = Number(pick(KEYS.status))
  return {
    client: `${pick(KEYS.client) ?? ''} ${pick(KEYS.agent) ?? ''}`,
    unixMs: time === undefined ? undefined : jsonTime(time),
    method,
    target:
      target.startsWith('http') && URL.canParse(target) ? new URL(target).pathname + new URL(target).search : target,
    status: Number.isInteger(status) && status >= 100 && status < 600 ? status : undefined,
  }
}

function jsonTime(text: string): number | undefined {
  const seconds = Number(text)
  if (!Number.isNaN(seconds)) return seconds > 1e11 ? seconds : seconds * 1000
  return timeOf(`[${text}]`)
}
