/** A recording's pages as groups, and the time that a person took between requests as pauses. */
import { type Group, plainText, type RequestStep, type Step } from '../script/model.js'
import type { Visit } from './redirects.js'
import { isDocument } from './select.js'
import type { Recording } from './types.js'

/** Gaps below are the browser at work, not a person. */
const MIN_THINK_S = 0.5

/** Requests in groups by page, with the pauses between them. */
export function groupByPage(
  visits: readonly Visit[],
  steps: readonly RequestStep[],
  recording: Recording,
  maxThinkS: number,
  mask: (text: string) => string,
): Step[] {
  const reused = pagesWithSeveralDocuments(visits)
  const pages: { title: string; steps: Step[]; page: string | undefined }[] = []
  const result: (Group | Step)[] = []
  let endMs: number | undefined
  visits.forEach((visit, i) => {
    const step = steps[i]
    if (step === undefined) return
    const { exchange } = visit
    const current = pages.at(-1)
    const turns =
      current === undefined ||
      (isDocument(exchange) && i > 0) ||
      (exchange.page !== current.page && recording.pages.size > 0)
    const thinkS =
      endMs === undefined || exchange.startedMs === undefined
        ? 0
        : thinkTime((exchange.startedMs - endMs) / 1000, maxThinkS)
    const pause: Step[] = thinkS === 0 ? [] : [{ kind: 'sleep', seconds: thinkS }]
    if (turns) {
      const page = {
        title: mask(reused.has(exchange.page) ? stepTitle(step) : pageTitle(step, exchange.page, recording)),
        steps: [step] as Step[],
        page: exchange.page,
      }
      pages.push(page)
      result.push(...pause, { kind: 'group', name: page.title, steps: page.steps })
    } else current.steps.push(...pause, step)
    if (visit.endMs !== undefined) endMs = Math.max(endMs ?? 0, visit.endMs)
  })
  // One page without a name of its own needs no group.
  return pages.length === 1 && recording.pages.size === 0 ? (pages[0]?.steps ?? []) : result
}

export function thinkTime(seconds: number, maxS: number): number {
  if (!(seconds >= MIN_THINK_S)) return 0
  const rounded = seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)
  return Math.min(rounded, maxS)
}

/** Chrome titles a page by its URL, which names nothing and may hold secrets. */
function pageTitle(step: RequestStep, page: string | undefined, recording: Recording): string {
  const title = page === undefined ? undefined : recording.pages.get(page)
  if (title !== undefined && title !== '' && title !== page && !title.includes('://')) return title.slice(0, 80)
  return stepTitle(step)
}

/** Some recorders have one page for a whole tab, whose title is that of the last document in it. */
function pagesWithSeveralDocuments(visits: readonly Visit[]): ReadonlySet<string | undefined> {
  const seen = new Set<string | undefined>()
  const several = new Set<string | undefined>()
  for (const { exchange } of visits) {
    if (!isDocument(exchange)) continue
    if (seen.has(exchange.page)) several.add(exchange.page)
    seen.add(exchange.page)
  }
  return several
}

export function stepTitle(step: RequestStep | undefined): string {
  if (step === undefined) return ''
  return `${step.method} ${step.name ?? plainText(step.url.path) ?? '/'}`
}
