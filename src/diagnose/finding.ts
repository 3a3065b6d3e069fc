/** Findings as all rules make them: ids that stay the same, and the words of numbers. */
import { createHash } from 'node:crypto'
import type { Evidence as Observation, Finding, FindingKind, FindingPlace, Severity } from '#record/findings.js'
import type { RunFile } from '#record/index.js'

export interface FindingInit {
  readonly rule: string
  readonly kind: FindingKind
  readonly severity: Severity
  readonly confidence: number
  readonly title: string
  readonly where: FindingPlace
  readonly evidence: readonly Observation[]
  readonly fix: string
  readonly prove: string
  readonly share?: number | null | undefined
}

export function makeFinding(init: FindingInit): Finding {
  const { kind, severity, title, fix, prove, where } = init
  return {
    id: `${kind}:${createHash('sha256')
      .update(JSON.stringify(identityOf(where)))
      .digest('hex')
      .slice(0, 10)}`,
    kind,
    severity,
    confidence: Math.round(Math.min(1, Math.max(0, init.confidence)) * 100) / 100,
    title: clean(title),
    where,
    evidence: init.evidence.map((one) => ({ ...one, text: clean(one.text) })),
    fix: clean(fix),
    prove: clean(prove),
    rule: `diagnose/${init.rule}`,
    share: init.share === undefined || init.share === null ? null : Math.min(1, Math.max(0, init.share)),
  }
}

/** The place without what changes from run to run or edit to edit. */
function identityOf({ line: _line, ...where }: FindingPlace): unknown {
  return Object.entries(where).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Names come from targets and databases: no control characters, no direction marks. */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
}

/** `12 ms`, `1.4 s` */
export function ms(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(0)} s`
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`
  if (value >= 10) return `${value.toFixed(0)} ms`
  return `${value.toFixed(value >= 1 ? 1 : 2)} ms`
}

export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio < 0.0995 && ratio > 0 ? 1 : 0)} %`
}

export function bytes(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} GB`
  if (value >= 1e6) return `${(value / 1e6).toFixed(value >= 1e7 ? 0 : 1)} MB`
  if (value >= 1e3) return `${(value / 1e3).toFixed(value >= 1e4 ? 0 : 1)} kB`
  return `${value.toFixed(0)} bytes`
}

export function number(value: number): string {
  const size = Math.abs(value)
  if (size >= 1000) return Math.round(value).toLocaleString('en-US')
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0)
  return value.toFixed(size >= 10 ? 1 : size >= 0.1 ? 2 : 3)
}

/** A statement as one line, cut. */
export function shortSql(sql: string, most = 100): string {
  const line = clean(sql).replace(/\s+/g, ' ').trim()
  return line.length <= most ? line : `${line.slice(0, most - 3)}...`
}

/** The commands that show whether a finding is gone: the same run again, and the one rule on it. */
export function proveCommand(run: RunFile, rule: string): string {
  const words = withoutOwnPlaces(run.commandLine)
  const again =
    words[0] === 'demo' || words[0] === 'run'
      ? `perfwright ${words.map(quote).join(' ')}`
      : `perfwright run ${quote(run.script.path)}`
  return `${again} && perfwright diagnose latest --rule ${rule} --fail-on warning`
}

/** The record of the run that was is not overwritten. */
function withoutOwnPlaces(words: readonly string[]): string[] {
  const out: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string
    if (word === '--record' || word === '--target-pid') i++
    else if (!word.startsWith('--record=') && !word.startsWith('--target-pid=')) out.push(word)
  }
  return out
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
