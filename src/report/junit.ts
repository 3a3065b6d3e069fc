/**
 * JUnit XML, as CI systems read it (github.com/testmoapp/junitxml): one test case a threshold, objective, check and
 * checkpoint. What the run cannot tell is skipped, with the reason.
 */
import type { CheckGroup, RunRecord } from '#record/index.js'
import { buildReport, type ReportModel } from './report-model.js'

interface Case {
  readonly suite: string
  readonly name: string
  readonly failure?: string
  readonly skipped?: string
}

export async function* junitReport(record: RunRecord): AsyncGenerator<string> {
  const model = await buildReport(record)
  const cases = [...thresholds(model), ...objectives(model), ...checks(model.checks), ...checkpoints(model)]
  const suites = [...new Set(cases.map(({ suite }) => suite))]
  const counts = (of: readonly Case[]): string =>
    `tests="${of.length}" failures="${of.filter(({ failure }) => failure !== undefined).length}" skipped="${of.filter(({ skipped }) => skipped !== undefined).length}"`
  const time = model.durationS.toFixed(3)
  const started = new Date(model.run.startedUnixMs).toISOString()
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${xml(model.run.name)}" ${counts(cases)} time="${time}">\n`
  for (const suite of suites) {
    const of = cases.filter((one) => one.suite === suite)
    yield `  <testsuite name="${suite}" ${counts(of)} timestamp="${started}" time="${time}">\n${of.map(testCase).join('')}  </testsuite>\n`
  }
  yield '</testsuites>\n'
}

function testCase({ suite, name, failure, skipped }: Case): string {
  const head = `    <testcase classname="perfwright.${suite}" name="${xml(name)}"`
  if (failure !== undefined) return `${head}><failure message="${xml(failure)}"/></testcase>\n`
  if (skipped !== undefined) return `${head}><skipped message="${xml(skipped)}"/></testcase>\n`
  return `${head}/>\n`
}

function thresholds({ run }: ReportModel): Case[] {
  return run.thresholds.map(({ metric, source, ok, value }) => {
    const name = `${metric}: ${source}`
    if (ok === null) return { suite: 'thresholds', name, skipped: 'the run ended before it was judged' }
    return ok ? { suite: 'thresholds', name } : { suite: 'thresholds', name, failure: `measured ${value ?? 'nothing'}` }
  })
}

/** Thresholds are there already; an objective adds what its interval says. */
function objectives({ analysis, run }: ReportModel): Case[] {
  const judged = new Set(run.thresholds.map(({ metric, source }) => `${metric}: ${source}`))
  return (analysis?.objectives ?? []).flatMap(({ name, metric, target, value, low, high, unit, verdict }) => {
    if (judged.has(`${metric}: ${target}`)) return []
    const measured = `measured ${value ?? 'nothing'} ${unit}, 95 % interval ${low ?? '?'} to ${high ?? '?'}`
    const one = { suite: 'objectives', name: `${name} ${target}` }
    if (verdict === 'missed') return [{ ...one, failure: measured }]
    if (verdict === 'met') return [one]
    return [{ ...one, skipped: verdict === 'unsure' ? `cannot be told: ${measured}` : 'no data' }]
  })
}

function checks(group: CheckGroup): Case[] {
  const path = group.path.replace(/^::/, '').replaceAll('::', ' > ')
  return [
    ...group.checks.map(({ name, passes, fails }): Case => {
      const one = { suite: 'checks', name: path === '' ? name : `${path} > ${name}` }
      return fails === 0 ? one : { ...one, failure: `${fails} of ${passes + fails} failed` }
    }),
    ...group.groups.flatMap(checks),
  ]
}

function checkpoints({ analysis }: ReportModel): Case[] {
  return (analysis?.checkpoints ?? []).map(({ id, verdict, text }) => {
    const one = { suite: 'checkpoints', name: id }
    if (verdict === 'not-checked') return { ...one, skipped: text }
    return verdict === 'ok' ? one : { ...one, failure: text }
  })
}

/** XML 1.0 has no control characters at all, not even escaped. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"'\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`)
}
