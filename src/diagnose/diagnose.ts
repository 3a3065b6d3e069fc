/** The whole diagnosis of a record: evidence, analysis, rules, and the order in which a person should read it. */
import type { Analysis, Checkpoint, Finding, RunRecord } from '#record/index.js'
import { badWindows } from './correlate/bad-windows.js'
import { analyseByTestType } from './by-test-type/index.js'
import { errorClusters } from './error-clusters.js'
import type { Evidence } from './evidence.js'
import { factsOf } from './facts.js'
import { readEvidence } from './read-evidence.js'
import { ruleOut } from './rule-out.js'
import { rules } from './rules/index.js'

export interface Diagnosis {
  /** Dearest first. */
  readonly findings: readonly Finding[]
  readonly analysis: Analysis
  /** What each rule looked at and found well. */
  readonly fine: readonly RuleNote[]
  /** What could not be looked at, and why. */
  readonly notAssessed: readonly RuleNote[]
}

export interface RuleNote {
  readonly rule: string
  readonly text: string
}

export interface DiagnoseOptions {
  /** Names of rules; all when left out. */
  readonly only?: readonly string[]
  /** Of the plan's checks; those that the run noted when left out. */
  readonly checkpoints?: readonly Checkpoint[]
}

export async function diagnose(record: RunRecord, options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const evidence = await readEvidence(record)
  const byTestType = await analyseByTestType(evidence, record)
  const ofRun = checkpointsOf(evidence)
  const checkpoints =
    options.checkpoints ??
    (ofRun.length > 0 ? ofRun : ((await record.analysis().catch(() => undefined))?.checkpoints ?? []))
  const analysis: Analysis = {
    analysisVersion: 1,
    ...byTestType,
    badWindows: badWindows(evidence, byTestType.stages),
    errors: errorClusters(evidence),
    checkpoints,
  }
  const facts = factsOf(evidence, analysis)
  const [findings, fine, notAssessed]: [Finding[], RuleNote[], RuleNote[]] = [[], [], []]
  for (const rule of rules) {
    if (options.only !== undefined && !options.only.includes(rule.name)) continue
    const answer = await rule.assess(facts)
    findings.push(...answer.findings)
    if (answer.fine !== undefined) fine.push({ rule: rule.name, text: answer.fine })
    if (answer.notAssessed !== undefined) notAssessed.push({ rule: rule.name, text: answer.notAssessed })
  }
  const { findings: left, caveats } = ruleOut(unique(findings), facts)
  const unread = evidence.observed.refused
  return {
    findings: left.toSorted(byCost),
    analysis: {
      ...analysis,
      caveats: [
        ...analysis.caveats,
        ...caveats,
        ...(unread === 0 ? [] : [`${unread} readings of more observed series than are looked at were left out.`]),
        ...evidence.missing.map(({ what, why }) => `The record lacks ${what} (${why}).`),
      ],
    },
    fine,
    notAssessed,
  }
}

/** What the run itself noted; anything else in its events is passed over. */
function checkpointsOf({ events }: Evidence): Checkpoint[] {
  return events.flatMap(({ type, detail }) => {
    const { id, verdict, text, details } = detail
    const isOne =
      type === 'checkpoint' &&
      checkpointIds.some((known) => known === id) &&
      checkpointVerdicts.some((known) => known === verdict) &&
      typeof text === 'string'
    if (!isOne) return []
    const lines = Array.isArray(details) ? details.filter((line) => typeof line === 'string') : []
    return [{ id: id as Checkpoint['id'], verdict: verdict as Checkpoint['verdict'], text, details: lines }]
  })
}

const checkpointIds: readonly Checkpoint['id'][] = ['test-data', 'injector', 'third-parties']
const checkpointVerdicts: readonly Checkpoint['verdict'][] = ['ok', 'warning', 'failed', 'not-checked']

/** Critical before warning before info; the surest and dearest of each first. */
function byCost(a: Finding, b: Finding): number {
  const order = { critical: 0, warning: 1, info: 2 }
  return order[a.severity] - order[b.severity] || weight(b) - weight(a)
}

function weight({ share, confidence }: Finding): number {
  return confidence * (0.5 + (share ?? 0.3))
}

/** Two rules, or two targets, may come to the same place. */
function unique(findings: readonly Finding[]): Finding[] {
  const byId = new Map<string, Finding>()
  for (const finding of findings) {
    const other = byId.get(finding.id)
    if (other === undefined || other.confidence < finding.confidence) byId.set(finding.id, finding)
  }
  return [...byId.values()]
}
