/** The planned stages from the options of a record, which are in k6's names and formats and may come from a stranger. */
import { parseGoDuration } from '#base/duration.js'
import type { PlannedScenario, PlannedStage } from './wire.js'

const MAX_STAGES = 1000

export function plannedOf(options: Readonly<Record<string, unknown>>): PlannedScenario[] {
  const scenarios = fieldsOf(options['scenarios'])
  return Object.entries(scenarios).map(([name, value]) => scenarioOf(name, fieldsOf(value)))
}

function scenarioOf(name: string, of: Record<string, unknown>): PlannedScenario {
  const executor = typeof of['executor'] === 'string' ? of['executor'] : 'unknown'
  const fromS = seconds(of['startTime']) ?? 0
  const isOpen = executor.endsWith('arrival-rate')
  const factor = isOpen ? 1 / (seconds(of['timeUnit']) ?? 1) : 1
  const unit = isOpen ? ('iterations/s' as const) : ('VUs' as const)
  const stages: PlannedStage[] = []
  let at = fromS
  const listed = Array.isArray(of['stages']) ? of['stages'].slice(0, MAX_STAGES).map(fieldsOf) : undefined
  if (listed === undefined) {
    const level = (number(of['rate']) ?? number(of['vus']) ?? 0) * factor
    const toS = fromS + (seconds(of['duration']) ?? seconds(of['maxDuration']) ?? 0)
    return { name, executor, fromS, toS, unit, stages: [{ fromS, toS, from: level, to: level }] }
  }
  let level = number(of['startRate']) ?? number(of['startVUs']) ?? 0
  for (const stage of listed) {
    const target = number(stage['target']) ?? level
    const toS = at + (seconds(stage['duration']) ?? 0)
    stages.push({ fromS: at, toS, from: level * factor, to: target * factor })
    at = toS
    level = target
  }
  return { name, executor, fromS, toS: at, unit, stages }
}

function seconds(value: unknown): number | undefined {
  if (typeof value === 'number') return value / 1000
  if (typeof value !== 'string') return undefined
  const parsed = parseGoDuration(value)
  return 'ns' in parsed ? parsed.ns / 1e9 : undefined
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
