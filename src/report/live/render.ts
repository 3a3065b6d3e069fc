/**
 * The live view as text: pure, so that what a person sees can be tested line by line.
 */
import { bold, dim, green, red, yellow, type Paint } from '../paint.js'

export interface LiveState {
  readonly elapsedS: number
  readonly totalS: number
  readonly phase: 'init' | 'setup' | 'running' | 'stopping' | 'teardown' | 'done'
  readonly scenarios: readonly LiveScenario[]
  readonly vusActive: number
  readonly vusInitialized: number
  readonly iterationsCompleted: number
  readonly iterationsInterrupted: number
  /** Requests per second, one entry a second, oldest first. */
  readonly requestsPerS: readonly number[]
  /** Milliseconds per second of the run; undefined where a second had no request. */
  readonly p50: readonly (number | undefined)[]
  readonly p95: readonly (number | undefined)[]
  readonly p99: readonly (number | undefined)[]
  readonly errorRatio: number | undefined
  /** Errors by kind with their counts, most first. */
  readonly errors: readonly (readonly [kind: string, count: number])[]
  readonly thresholds: readonly LiveThreshold[]
  readonly generator: { readonly cpuRatio: number; readonly lagMs: number } | undefined
  readonly slowest: { readonly name: string; readonly p95: number } | undefined
}

export interface LiveScenario {
  readonly name: string
  readonly executor: string
  readonly state: 'waiting' | 'running' | 'done'
  readonly done: number
  readonly labels: readonly string[]
  readonly askedPerS: number | undefined
  readonly gotPerS: number
  readonly dropped: number
}

export interface LiveThreshold {
  readonly source: string
  readonly ok: boolean
  readonly value: string
}

/** The whole block, ready to be drawn over the last one. */
export function renderLive(state: LiveState, columns: number, paint: Paint): string[] {
  const nameWidth = Math.max(8, ...state.scenarios.map((s) => s.name.length))
  const executorWidth = Math.max(0, ...state.scenarios.map((s) => s.executor.length))
  const lines = state.scenarios.map((s) => scenarioLine(s, nameWidth, executorWidth, paint))
  lines.push(rateLine(state, paint))
  const thresholds = state.thresholds.slice(0, 6).map((t) => {
    const mark = t.ok ? green(paint, '✓') : red(paint, '✗')
    return `${mark} ${t.source} ${dim(paint, `(${t.value})`)}`
  })
  if (thresholds.length > 0) lines.push(thresholds.join('   '))
  if (state.slowest !== undefined)
    lines.push(dim(paint, `slowest: ${state.slowest.name}  p95 ${formatMs(state.slowest.p95)} ms`))
  return lines.map((line) => clip(line, columns))
}

/** One line for where there is no terminal: the same facts, no redraw. */
export function renderPlain(state: LiveState): string {
  const last = <T>(list: readonly T[]): T | undefined => list[list.length - 1]
  const asked = state.scenarios.reduce<number | undefined>(
    (sum, s) => (s.askedPerS === undefined || s.state !== 'running' ? sum : (sum ?? 0) + s.askedPerS),
    undefined,
  )
  const parts = [
    `${state.phase} ${clock(state.elapsedS)}/${clock(state.totalS)}`,
    `VUs ${state.vusActive}/${state.vusInitialized}`,
    `iterations ${state.iterationsCompleted}`,
    `rps ${Math.round(last(state.requestsPerS) ?? 0)}`,
  ]
  if (asked !== undefined)
    parts.push(`asked ${round(asked)} iters/s, got ${round(state.scenarios.reduce((n, s) => n + s.gotPerS, 0))}`)
  const p95 = last(state.p95)
  if (p95 !== undefined)
    parts.push(`p50 ${formatMs(last(state.p50) ?? 0)} p95 ${formatMs(p95)} p99 ${formatMs(last(state.p99) ?? 0)} ms`)
  if (state.errorRatio !== undefined) parts.push(`errors ${(state.errorRatio * 100).toFixed(2)}%`)
  const crossed = state.thresholds.filter((t) => !t.ok)
  if (state.thresholds.length > 0) {
    parts.push(
      crossed.length === 0 ? 'thresholds ok' : `crossed: ${crossed.map((t) => `${t.source} (${t.value})`).join(', ')}`,
    )
  }
  if (state.generator !== undefined) parts.push(`generator ${Math.round(state.generator.cpuRatio * 100)}% cpu`)
  return parts.join('  ')
}

const bars = '▁▂▃▄▅▆▇█'

/** Eight heights over the values' own range from zero; a gap stays a blank, because no data is not low. */
export function sparkline(values: readonly (number | undefined)[], width = 8): string {
  const shown = values.slice(-width)
  const top = Math.max(0, ...shown.map((v) => v ?? 0))
  if (top === 0) return shown.map((v) => (v === undefined ? ' ' : bars[0])).join('')
  return shown.map((v) => (v === undefined ? ' ' : bars[Math.min(7, Math.floor((v / top) * 7.999))])).join('')
}

function scenarioLine(s: LiveScenario, nameWidth: number, executorWidth: number, paint: Paint): string {
  const width = 20
  const filled = Math.round(Math.min(1, s.done) * width)
  const head = filled < width && filled > 0 ? '>' : ''
  const bar = `[${'='.repeat(Math.max(0, filled - head.length))}${head}${' '.repeat(width - filled)}]`
  const mark = s.state === 'done' ? green(paint, '✓') : s.state === 'waiting' ? dim(paint, '·') : bold(paint, '•')
  const rate = s.askedPerS === undefined ? '' : `  asked ${round(s.askedPerS)}/s got ${round(s.gotPerS)}/s`
  const dropped = s.dropped > 0 ? `  ${yellow(paint, `dropped ${s.dropped}`)}` : ''
  return `${mark} ${bold(paint, s.name.padEnd(nameWidth))}  ${dim(paint, s.executor.padEnd(executorWidth))} ${bar} ${s.labels.join('  ')}${rate}${dropped}`
}

function rateLine(state: LiveState, paint: Paint): string {
  const last = <T>(list: readonly T[]): T | undefined => list[list.length - 1]
  const parts = [
    `rps ${bold(paint, String(Math.round(last(state.requestsPerS) ?? 0)))} ${sparkline(state.requestsPerS)}`,
  ]
  const p50 = last(state.p50)
  const p95 = last(state.p95)
  const p99 = last(state.p99)
  if (p95 !== undefined) {
    parts.push(
      `p50 ${formatMs(p50 ?? 0)}`,
      `p95 ${formatMs(p95)} ${sparkline(state.p95)}`,
      `p99 ${formatMs(p99 ?? 0)} ms`,
    )
  }
  if (state.errorRatio !== undefined) {
    const kinds = state.errors.slice(0, 3).map(([kind, count]) => `${kind} ${count}`)
    const text = `errors ${(state.errorRatio * 100).toFixed(2)}%${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}`
    parts.push(state.errorRatio > 0 ? red(paint, text) : text)
  }
  if (state.generator !== undefined) {
    const { cpuRatio, lagMs } = state.generator
    const text = `generator ${Math.round(cpuRatio * 100)}% cpu ${cpuRatio > 0.9 ? 'saturated' : lagMs > 10 ? `late ${Math.round(lagMs)} ms` : 'ok'}`
    parts.push(cpuRatio > 0.9 || lagMs > 10 ? yellow(paint, text) : text)
  }
  return parts.join('   ')
}

function formatMs(ms: number): string {
  return ms >= 100 ? String(Math.round(ms)) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)
}

function round(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Math.round(value * 10) / 10)
}

/** mm:ss, hours when there are any. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const h = Math.floor(whole / 3600)
  const pad = (n: number): string => String(n).padStart(2, '0')
  return `${h > 0 ? `${h}:` : ''}${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes take no columns
const ansi = /\x1b\[[0-9;]*m/g

/** Cuts to the terminal's width without cutting a colour code in two. */
export function clip(line: string, columns: number): string {
  if (line.replace(ansi, '').length <= columns) return line
  let shown = 0
  let out = ''
  for (let i = 0; i < line.length; ) {
    ansi.lastIndex = i
    const match = /^\x1b\[[0-9;]*m/.exec(line.slice(i))
    if (match !== null) {
      out += match[0]
      i += match[0].length
      continue
    }
    if (shown < columns - 1) out += line[i]
    shown++
    i++
  }
  return `${out}…`
}
