/** What a CI platform shows of a run: a summary, annotations at lines of code, a comment that is kept up to date. */
import type { Finding, RunFile } from '#record/index.js'

/** GitHub cuts a job's summary off at 1 MiB, a comment at 65,536 characters; the verdict stands first in both. */
export const SUMMARY_CHARS = 1_000_000
export const COMMENT_CHARS = 60_000
/** By it the comment is found again; nobody sees it. */
export const MARKER = '<!-- perfwright -->'
/** GitHub shows ten annotations of a kind and step. */
const MOST = 10

export interface Published {
  readonly run: RunFile
  readonly findings: readonly Finding[]
}

/** @param report  the run as Markdown, its verdict first; @param duet  of the comparison, as Markdown */
export function commentOf(report: string | undefined, duet: string | undefined): string {
  const parts = [
    MARKER,
    ...(duet === undefined ? [] : [`### Compared with the base branch\n\n${duet.trim()}`]),
    ...(report === undefined ? [] : [report.trim()]),
  ]
  return bounded(`${parts.join('\n\n')}\n`, COMMENT_CHARS)
}

/** Cut at the end of a line, with a word on it. */
export function bounded(text: string, most: number): string {
  if (text.length <= most) return text
  const note = '\n\n_Cut off here: the whole report is in the artifacts._\n'
  const cut = text.slice(0, most - note.length)
  return `${cut.slice(0, Math.max(0, cut.lastIndexOf('\n')))}${note}`
}

/**
 * Workflow commands of GitHub: an error for each threshold that was crossed, and for findings whose place in the code is known a
 * warning there. The rest is in the summary.
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 * @param root  of the repository: paths in annotations are relative to it
 */
export function annotationsOf({ run, findings }: Published, root: string): readonly string[] {
  const crossed = run.thresholds
    .filter(({ ok }) => ok === false)
    .map(({ metric, source, value }) =>
      command(
        'error',
        { title: 'threshold' },
        `${metric}: ${source} was crossed${value === null ? '' : ` (${Number(value.toPrecision(4))})`}`,
      ),
    )
  const placed = findings.flatMap((finding) => {
    const { severity, where, title, fix } = finding
    if (severity === 'info' || where.file === undefined || !where.file.startsWith(`${root}/`)) return []
    const file = where.file.slice(root.length + 1)
    const line = where.line === undefined ? {} : { line: String(where.line) }
    return [
      command(
        severity === 'critical' ? 'error' : 'warning',
        { file, ...line, title: finding.kind },
        `${title}. ${fix}`,
      ),
    ]
  })
  return [...folded(crossed), ...folded(placed)]
}

function folded(commands: readonly string[]): readonly string[] {
  return commands.length <= MOST
    ? commands
    : [...commands.slice(0, MOST - 1), command('notice', {}, `${commands.length - MOST + 1} more are in the summary`)]
}

function command(kind: string, properties: Readonly<Record<string, string>>, message: string): string {
  const list = Object.entries(properties).map(
    ([key, value]) => `${key}=${escaped(value).replaceAll(':', '%3A').replaceAll(',', '%2C')}`,
  )
  return `::${kind}${list.length === 0 ? '' : ` ${list.join(',')}`}::${escaped(message)}`
}

/** Titles hold names that a target chose: a line break in one would be a command of its own. */
function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
