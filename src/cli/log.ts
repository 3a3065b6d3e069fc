/**
 * The log on standard error, in k6's form, because people and their tools already read it: on a terminal
 * `INFO[0003] text  source=console`, elsewhere `time="..." level=info msg="text" source=console`.
 * Source: k6's log lines (logrus' text formatter), grafana.com/docs/k6, "--log-format".
 */
export type LogFormat = 'text' | 'raw' | 'json'
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogEntry {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, string | number | boolean>>
  readonly unixMs: number
}

export interface LogStyle {
  readonly format: LogFormat
  readonly isTty: boolean
  readonly colour: boolean
  /** Start of the process, for the seconds in `[0003]`. */
  readonly startedUnixMs: number
}

const levelWords: Record<LogLevel, string> = { debug: 'debug', info: 'info', warn: 'warning', error: 'error' }
const levelColours: Record<LogLevel, number> = { debug: 37, info: 36, warn: 33, error: 31 }
const shortWords: Record<LogLevel, string> = { debug: 'DEBU', info: 'INFO', warn: 'WARN', error: 'ERRO' }

export function formatLog(entry: LogEntry, style: LogStyle): string {
  if (style.format === 'raw') return `${entry.message}\n`
  const keys = Object.keys(entry.fields).sort()
  if (style.format === 'json') {
    const ordered: Record<string, unknown> = {}
    for (const key of [...keys, 'level', 'msg', 'time'].sort()) {
      ordered[key] =
        key === 'level'
          ? levelWords[entry.level]
          : key === 'msg'
            ? entry.message
            : key === 'time'
              ? rfc3339(entry.unixMs)
              : entry.fields[key]
    }
    return `${JSON.stringify(ordered)}\n`
  }
  if (style.isTty) {
    const seconds = String(Math.max(0, Math.floor((entry.unixMs - style.startedUnixMs) / 1000))).padStart(4, '0')
    const paint = (text: string): string => (style.colour ? `\x1b[${levelColours[entry.level]}m${text}\x1b[0m` : text)
    const fields = keys.map((key) => ` ${paint(key)}=${quote(String(entry.fields[key]))}`).join('')
    const message = entry.message.replace(/\n$/, '')
    return `${paint(shortWords[entry.level])}[${seconds}] ${message.padEnd(44)} ${fields}\n`
  }
  const fields = keys.map((key) => ` ${key}=${quote(String(entry.fields[key]))}`).join('')
  // An empty message has no key in k6's log.
  const message = entry.message === '' ? '' : ` msg=${quote(entry.message)}`
  return `time="${rfc3339(entry.unixMs)}" level=${levelWords[entry.level]}${message}${fields}\n`
}

/** Go's `%q` where a plain word would be ambiguous. */
export function quote(text: string): string {
  if (text !== '' && /^[A-Za-z0-9\-._/@^+]+$/.test(text)) return text
  let out = '"'
  for (const char of text) {
    const code = char.codePointAt(0) as number
    if (char === '"' || char === '\\') out += `\\${char}`
    else if (char === '\n') out += '\\n'
    else if (char === '\t') out += '\\t'
    else if (char === '\r') out += '\\r'
    else if (code === 7) out += '\\a'
    else if (code === 8) out += '\\b'
    else if (code === 11) out += '\\v'
    else if (code === 12) out += '\\f'
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`
    else if (!isPrintable(code))
      out += code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
    else out += char
  }
  return `${out}"`
}

function isPrintable(code: number): boolean {
  if (code < 0x7f) return true
  return !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(String.fromCodePoint(code))
}

/** Local time with offset and no fraction, as Go's RFC3339. */
function rfc3339(unixMs: number): string {
  const date = new Date(unixMs)
  const offset = -date.getTimezoneOffset()
  const shifted = new Date(unixMs + offset * 60_000).toISOString().slice(0, 19)
  if (offset === 0) return `${shifted}Z`
  const pad = (n: number): string => String(Math.floor(Math.abs(n))).padStart(2, '0')
  return `${shifted}${offset < 0 ? '-' : '+'}${pad(offset / 60)}:${pad(Math.abs(offset) % 60)}`
}
