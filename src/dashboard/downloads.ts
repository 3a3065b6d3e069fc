/** What Locust lets a person download: requests, failures, exceptions as CSV; and the history. */
import type { LiveModel } from './live-model.js'
import { Refusal } from './errors.js'

/** @param name  `requests`, `failures`, `exceptions`, `history` @throws Refusal */
export function downloadCsv(model: LiveModel, name: string): AsyncIterable<string | Uint8Array> {
  switch (name) {
    case 'requests':
      return requests(model)
    case 'failures':
      return failures(model)
    case 'exceptions':
      return exceptions(model)
    case 'history':
      return history(model)
    default:
      throw new Refusal(404, 'there is no download of this name')
  }
}

async function* requests(model: LiveModel): AsyncGenerator<string> {
  yield line(['endpoint', 'requests', 'failures', 'requests/s', 'avg ms', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'])
  const { names, rows } = model.endpoints.whole()
  for (const [i, row] of rows.entries()) yield line([names[i]?.[1] ?? '', ...row.slice(1)])
}

async function* failures(model: LiveModel): AsyncGenerator<string> {
  yield line(['endpoint', 'failure', 'count', 'first s', 'last s', 'example', 'response'])
  for (const { endpoint, what, count, firstS, lastS, example } of model.troubles.failures()) {
    const request = example === null ? null : `${example.method} ${example.url}`
    yield line([endpoint, what, count, firstS, lastS, request, example?.responseBody ?? null])
  }
}

async function* exceptions(model: LiveModel): AsyncGenerator<string> {
  yield line(['message', 'count', 'first s', 'last s'])
  for (const { message, count, firstS, lastS } of model.troubles.exceptions())
    yield line([message, count, firstS, lastS])
}

async function* history(model: LiveModel): AsyncGenerator<string> {
  const { series, times, values } = model.historyData()
  yield line(['seconds', ...series])
  for (const [i, t] of times.entries()) yield line([t, ...values.map((column) => column[i] ?? null)])
}

function line(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

/** RFC 4180; a text that a spreadsheet would take for a formula gets a quote before it, because targets choose names. */
function cell(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
