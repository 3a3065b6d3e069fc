/** Advice as a person reads it: on a terminal, or as Markdown for a pull request. */
import { clean, ms, number, percent } from '#diagnose/finding.js'
import type { Change, Finding, Gain } from '#record/index.js'
import type { AdviseResult } from './advise.js'
import type { Advice } from './types.js'

export interface TextOptions {
  readonly color: boolean
  readonly width: number
}

export function adviceText(result: AdviseResult, { color, width }: TextOptions): string {
  const bold = (text: string): string => (color ? `\u001b[1m${text}\u001b[0m` : text)
  const dim = (text: string): string => (color ? `\u001b[2m${text}\u001b[0m` : text)
  const lines: string[] = [bold(headline(result))]
  for (const one of result.advice) {
    const { changes, gain, costs, verification } = one.advice
    lines.push('', bold(`${mark(one)} ${one.title}`))
    const write = (text: string): void => void lines.push(...wrapped(text, width, 4))
    write(`${one.kind}, ${percent(one.confidence)} sure: ${placeText(one)}`)
    for (const { text, source } of one.evidence) write(`- ${text}  [${clean(source)}]`)
    write(`Mend: ${one.fix}`)
    for (const change of changes) {
      const head = changeHead(change)
      lines.push(`    ${dim(head)}`)
      lines.push(...codeLines(change.text).map((line) => `      ${line}`))
      if (change.undo !== undefined) lines.push(`    ${dim(`back: ${clean(change.undo)}`)}`)
    }
    write(`Gain: ${gain === null ? 'not measured' : gainText(gain)}`)
    for (const cost of costs) write(`Cost: ${clean(cost)}`)
    write(`${stateWords[verification.state]}: ${clean(verification.how)}`)
    write(`Prove: ${one.prove}`)
  }
  const remarks = (title: string, list: AdviseResult['fine']): void => {
    if (list.length === 0) return
    lines.push('', bold(title))
    for (const { advisor, text } of list) lines.push(...wrapped(`${advisor}: ${text}`, width, 2))
  }
  remarks('Looked at and found well', result.fine)
  remarks('Not looked at', result.notAssessed)
  return `${lines.join('\n')}\n`
}

export function adviceMarkdown(result: AdviseResult): string {
  const lines: string[] = [`## ${escaped(headline(result))}`]
  for (const one of result.advice) {
    const { changes, gain, costs, verification } = one.advice
    lines.push('', `### ${escaped(one.title)}`, '', `*${one.kind}, ${one.severity}*: ${escaped(placeText(one))}`, '')
    for (const { text } of one.evidence) lines.push(`- ${escaped(text)}`)
    lines.push('', `**Mend.** ${escaped(one.fix)}`)
    for (const change of changes) {
      lines.push('', escaped(changeHead(change)), '', ...fenced(change))
      if (change.undo !== undefined) lines.push('', `Back: ${codeSpan(change.undo)}`)
    }
    lines.push('', `**Gain.** ${escaped(gain === null ? 'Not measured.' : gainText(gain))}`)
    for (const cost of costs) lines.push('', `**Cost.** ${escaped(cost)}`)
    lines.push('', `**${stateWords[verification.state]}.** ${escaped(verification.how)}`)
    lines.push('', `**Prove.** ${codeSpan(one.prove)}`)
  }
  const remarks = (title: string, list: AdviseResult['fine']): void => {
    if (list.length === 0) return
    lines.push('', `### ${title}`, '', ...list.map(({ advisor, text }) => `- ${advisor}: ${escaped(text)}`))
  }
  remarks('Looked at and found well', result.fine)
  remarks('Not looked at', result.notAssessed)
  return `${lines.join('\n')}\n`
}

export function gainText(gain: Gain): string {
  const value = (amount: number): string => (gain.unit === 'ms' ? ms(amount) : `${number(amount)} ${gain.unit}`)
  const interval =
    gain.afterLow === null || gain.afterHigh === null
      ? ''
      : ` (95 %: ${value(gain.afterLow)} to ${value(gain.afterHigh)})`
  const share =
    gain.before > 0
      ? `, ${percent(Math.abs(1 - gain.after / gain.before))} ${gain.after > gain.before ? 'more' : 'less'}`
      : ''
  return clean(
    `${gain.metric} ${value(gain.before)} -> ${value(gain.after)}${interval}${share}; ${gain.basis}: ${gain.how}`,
  )
}

const stateWords = {
  observed: 'Seen, the mend not tried',
  predicted: 'Predicted',
  verified: 'Verified',
  refuted: 'Tried, and no better',
}

function headline({ advice }: AdviseResult): string {
  if (advice.length === 0) return 'Nothing to advise.'
  const verified = advice.filter((one) => one.advice.verification.state === 'verified').length
  return `${advice.length} ${advice.length === 1 ? 'thing' : 'things'} to mend, ${verified} of them tried and better.`
}

function mark({ severity }: Advice): string {
  return severity === 'critical' ? '✗' : severity === 'warning' ? '!' : 'i'
}

function placeText({ where }: Finding): string {
  const { function: name, file, line, sql, endpoint, resource, host } = where
  const code = name ?? (file === undefined ? undefined : '')
  const at =
    file === undefined ? '' : `${name === undefined ? '' : ' at '}${file}${line === undefined ? '' : `:${line}`}`
  const parts = [code === undefined ? undefined : `${code}${at}`, endpoint, resource, host, sql?.replace(/\s+/g, ' ')]
  return clean(parts.filter((part) => part !== undefined && part !== '').join(', ')).slice(0, 400)
}

function changeHead({ form, language, file, line }: Change): string {
  const at = file === undefined ? '' : `, ${clean(file)}${line === undefined ? '' : `:${line}`}`
  return `${form} (${language}${at})`
}

/** Line feeds stay; every other control character of a target's text goes. */
function codeLines(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => clean(line.replaceAll('\t', '  ')))
}

function fenced(change: Change): string[] {
  const lines = codeLines(change.text)
  const longest = Math.max(2, ...lines.map((line) => /^`*/.exec(line.trimStart())?.[0].length ?? 0))
  const fence = '`'.repeat(longest + 1)
  return [`${fence}${change.form === 'patch' ? 'diff' : change.language}`, ...lines, fence]
}

function codeSpan(text: string): string {
  const line = clean(text)
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${longest > 0 ? ' ' : ''}${line}${longest > 0 ? ' ' : ''}${fence}`
}

function escaped(text: string): string {
  return clean(text).replace(/[\\`*_{}[\]<>#|]/g, '\\$&')
}

function wrapped(text: string, width: number, indent: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of clean(text).split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width - indent) {
      lines.push(' '.repeat(indent) + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  if (line !== '') lines.push(' '.repeat(indent) + line)
  return lines
}
