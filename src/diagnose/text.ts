/** A diagnosis for the terminal: the answer first, then what it costs, then what was looked at. */
import type { Finding } from '#record/findings.js'
import type { Diagnosis } from './diagnose.js'
import { clean, number, percent } from './finding.js'
import { rules } from './rules/index.js'

export interface TextOptions {
  readonly color: boolean
  /** Columns; 100 when it is no terminal. */
  readonly width: number
}

/** All of it. */
export function diagnosisText(diagnosis: Diagnosis, options: TextOptions): string {
  const { analysis, findings, fine, notAssessed } = diagnosis
  const paint = painter(options.color)
  const lines: string[] = []
  const write = (text: string, indent = 0): void => void lines.push(...wrap(text, options.width, indent))
  write(paint.bold(answerSentence(diagnosis)))
  for (const reason of analysis.answer.because) write(reason, 2)
  for (const finding of findings) {
    lines.push('')
    write(`${mark(finding, paint)} ${paint.bold(finding.title)}`)
    write(
      `${finding.kind}, ${percent(finding.confidence)} sure${finding.share === null ? '' : `, explains ${percent(finding.share)}`}: ${placeText(finding)}`,
      4,
    )
    for (const { text, source } of finding.evidence) write(`- ${text}  ${paint.dim(`[${clean(source)}]`)}`, 4)
    write(`Mend: ${finding.fix}`, 4)
    write(`Prove: ${finding.prove}`, 4)
  }
  if (analysis.badWindows.length > 0) {
    lines.push('', paint.bold('Bad moments'))
    for (const window of analysis.badWindows) {
      write(
        `${number(window.fromS)} to ${number(window.toS)} s: ${window.symptom}${window.endpoint === null ? '' : ` of ${window.endpoint}`} ${number(window.value)} ${window.unit}, usually ${number(window.usual)} ${window.unit}${window.moved.length === 0 ? '; nothing that was observed moved with it' : ''}`,
        2,
      )
      for (const moved of window.moved.slice(0, 5)) {
        const lag = moved.lagS === 0 ? '' : moved.lagS < 0 ? `, ${-moved.lagS} s before` : `, ${moved.lagS} s after`
        write(
          `${moved.source}: ${number(moved.before)} to ${number(moved.during)} (rank correlation ${moved.correlation.toFixed(2)}${lag}, q ${moved.q < 0.001 ? '< 0.001' : moved.q.toFixed(3)})`,
          4,
        )
      }
    }
  }
  if (analysis.errors.length > 0) {
    lines.push('', paint.bold('Errors by cause'))
    for (const { cause, count, endpoints, firstS, lastS } of analysis.errors.slice(0, 10)) {
      const when = firstS === null || lastS === null ? '' : `, ${number(firstS)} to ${number(lastS)} s`
      write(
        `${number(count)} x ${cause}${endpoints.length === 0 ? '' : ` (${endpoints.slice(0, 3).join(', ')})`}${when}`,
        2,
      )
    }
  }
  if (fine.length > 0) {
    lines.push('', paint.bold('Looked at and found well'))
    for (const { rule, text } of fine) write(`${rule}: ${text}`, 2)
  }
  if (notAssessed.length > 0) {
    lines.push('', paint.bold('Not looked at'))
    for (const { rule, text } of notAssessed) write(`${rule}: ${text}`, 2)
  }
  if (analysis.caveats.length > 0) {
    lines.push('', paint.bold('To be taken with care'))
    for (const caveat of analysis.caveats) write(clean(caveat), 2)
  }
  return `${lines.join('\n')}\n`
}

const MOST_IN_BRIEF = 4

/** The end of a run: a dozen lines at most. */
export function briefText(diagnosis: Diagnosis, dir: string, options: TextOptions): string {
  const { findings, notAssessed } = diagnosis
  const paint = painter(options.color)
  const loud = findings.filter(({ severity }) => severity !== 'info')
  const lines: string[] = [paint.bold(fit(answerSentence(diagnosis), options.width))]
  for (const finding of loud.slice(0, MOST_IN_BRIEF)) {
    lines.push(`${mark(finding, paint)} ${fit(finding.title, options.width - 2)}`)
    lines.push(
      `    ${fit(`${finding.kind} (${percent(finding.confidence)} sure). Mend: ${finding.fix}`, options.width - 4)}`,
    )
  }
  const more = loud.length - MOST_IN_BRIEF
  if (more > 0) lines.push(`  and ${more} more`)
  const notes = findings.length - loud.length
  const unseen =
    notAssessed.length === 0 ? '' : `, ${notAssessed.length} of ${rules.length} rules had nothing to look at`
  lines.push(
    paint.dim(
      `  ${notes === 0 ? 'no notes besides' : `${notes} ${notes === 1 ? 'note' : 'notes'} besides`}${unseen}; all of it: perfwright diagnose ${dir}`,
    ),
  )
  return lines.join('\n')
}

/** "No: POST /orders misses p(95)<800; 2 findings, the dearest: ..." */
function answerSentence({ analysis, findings }: Diagnosis): string {
  const loud = findings.filter(({ severity }) => severity !== 'info').length
  const word = { yes: 'Yes', no: 'No', 'cannot-tell': 'Cannot tell' }[analysis.answer.verdict]
  const count =
    loud === 0 ? 'Nothing holds it back' : loud === 1 ? 'One thing holds it back' : `${loud} things hold it back`
  return `${analysis.answer.question} ${word}. ${count}${loud === 0 ? ' that could be seen' : ''}.`
}

function placeText({ where }: Finding): string {
  const { function: name, file, line, sql, endpoint, resource, host } = where
  const parts = [
    name === undefined
      ? undefined
      : `${name}${file === undefined ? '' : ` at ${file}${line === undefined ? '' : `:${line}`}`}`,
    endpoint,
    resource,
    host,
    sql === undefined ? undefined : `"${sql.replace(/\s+/g, ' ').trim().slice(0, 300)}"`,
  ].filter((part) => part !== undefined)
  return clean(parts.join(', '))
}

function mark({ severity }: Finding, paint: Painter): string {
  if (severity === 'critical') return paint.red('✗')
  return severity === 'warning' ? paint.yellow('!') : paint.dim('i')
}

interface Painter {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  yellow(text: string): string
}

function painter(color: boolean): Painter {
  const sgr = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text)
  return { bold: sgr(1), dim: sgr(2), red: sgr(31), yellow: sgr(33) }
}

function fit(text: string, width: number): string {
  const one = clean(text)
  return one.length <= width ? one : `${one.slice(0, Math.max(1, width - 3))}...`
}

function wrap(text: string, width: number, indent: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && visible(line) + visible(word) + 1 > width - indent) {
      lines.push(' '.repeat(indent) + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  if (line !== '') lines.push(' '.repeat(indent) + line)
  return lines
}

function visible(text: string): number {
  return text.replace(/\u001b\[\d+m/g, '').length
}
