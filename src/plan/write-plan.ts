/** A plan as YAML that a person reads first and a program second: each number stands beside how it came about. */
import { stringify } from 'yaml'
import type { MadePlan } from './make-plan.js'
import type { PlanFile } from './schema.js'

/** `readPlan` of it gives the plan back. */
export function planText({ plan, because }: MadePlan): string {
  const parts: string[] = [
    '# yaml-language-server: $schema=https://unpkg.com/perfwright/schemas/plan.schema.json',
    '# A plan of perfwright. Change what is not right, then:',
    '#   perfwright plan --check FILE    says what is wrong, by line',
    '#   perfwright run FILE             runs it (flags win: perfwright run FILE -u 1 -i 1)',
    section({ plan: 1, name: plan.name }),
    '',
    `# ${because.type}`,
    section({ question: plan.question, type: plan.type }),
    '',
    '# The journey of a user, and what it goes to. Data: the CSV beside the script.',
    section({ script: plan.script, targets: plan.targets, env: plan.env }),
  ]
  if (plan.traffic !== undefined)
    parts.push(
      '',
      '# Expected use. The scenarios below were computed from it; changing it here does not change them:',
      '# give the numbers to perfwright plan again.',
      ...because.traffic.map(comment),
      section({ traffic: plan.traffic }),
    )
  if (plan.environment !== undefined)
    parts.push(
      '',
      '# How like production the tested environment is: reports give each capacity as measured and as scaled.',
      ...because.environment.map(comment),
      section({ environment: plan.environment }),
    )
  parts.push(
    '',
    '# Objectives that such a service is usually held to. Each becomes a threshold of the run.',
    section({ service: plan.service, slo: plan.slo }),
    '',
    comment(because.workload),
    section({ scenarios: plan.scenarios, options: plan.options }),
    '',
    '# What to watch beside the process that listens on the target (postgres://, redis://, prometheus+http://, ...).',
    list('observe', plan.observe, '  - postgres://user:password@127.0.0.1:5432/shop'),
    plan.targetCommand === undefined ? '# targetCommand: npm start' : section({ targetCommand: plan.targetCommand }),
    '',
    '# Checkpoint "test-data": rows by table in production. A test on a hundredth of them measures another system.',
    plan.data === undefined ? '# data: { rows: { products: 2000000 } }' : section({ data: plan.data }),
    '',
    '# Checkpoint "third-parties": paid and rate-limited services are refused, unless they are named here.',
    '# Better: a stand-in (perfwright mock), and  options: { hosts: { api.stripe.com: 127.0.0.1:12111 } }',
    list('allow', plan.allow, '  - api.stripe.com'),
  )
  return `${parts.join('\n')}\n`
}

function section(values: Partial<PlanFile>): string {
  const kept = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
  return Object.keys(kept).length === 0
    ? ''
    : stringify(kept, { lineWidth: 120, flowCollectionPadding: true }).trimEnd()
}

function list(key: 'observe' | 'allow', items: readonly string[] | undefined, example: string): string {
  if (items !== undefined && items.length > 0) return section({ [key]: items })
  return `# ${key}:\n# ${example}`
}

function comment(text: string): string {
  return `# ${text.replace(/[\n\r]+/g, ' ')}`
}
