/** Scenarios with their stages and how far they are. */
import type { PlannedScenario, ScenarioProgress } from '#dashboard/wire.js'
import { formatClock, formatNumber } from '../components/format.js'
import type { RunStore } from './store.js'

export function PlanView({ store }: { readonly store: RunStore }) {
  const hello = store.hello.value
  const status = store.status.value
  if (hello === null) return null
  return (
    <section class="panel" aria-label="Plan">
      <h2>Plan</h2>
      <ul class="plan">
        {hello.scenarios.map((scenario) => (
          <Scenario
            key={scenario.name}
            plan={scenario}
            progress={status?.scenarios.find(({ name }) => name === scenario.name)}
            elapsedS={status?.elapsedS ?? 0}
            totalS={Math.max(hello.totalS, scenario.toS)}
          />
        ))}
      </ul>
    </section>
  )
}

interface ScenarioProps {
  readonly plan: PlannedScenario
  readonly progress: ScenarioProgress | undefined
  readonly elapsedS: number
  readonly totalS: number
}

function Scenario({ plan, progress, elapsedS, totalS }: ScenarioProps) {
  const most = Math.max(...plan.stages.flatMap(({ from, to }) => [from ?? 0, to ?? 0]), 1)
  const state = progress?.state ?? (elapsedS >= plan.toS ? 'done' : elapsedS >= plan.fromS ? 'running' : 'waiting')
  const asked = progress?.askedPerS ?? null
  const got = progress?.gotPerS ?? null
  const x = (t: number): number => (t / Math.max(totalS, 1)) * 100
  const area = plan.stages
    .map(
      ({ fromS, toS, from, to }) =>
        `L${x(fromS)} ${30 - ((from ?? 0) / most) * 28}L${x(toS)} ${30 - ((to ?? 0) / most) * 28}`,
    )
    .join('')
  return (
    <li>
      <div class="plan-line">
        <b>{plan.name}</b>
        <span class="quiet">{plan.executor}</span>
        <span class={`pill ${state === 'running' ? 'good' : ''}`}>{state}</span>
        <span class="quiet">
          {formatClock(plan.fromS)}–{formatClock(plan.toS)}, up to {formatNumber(most, 'count')} {plan.unit}
        </span>
      </div>
      <svg
        class="plan-strip"
        viewBox="0 0 100 30"
        preserveAspectRatio="none"
        role="img"
        aria-label={`Stages of ${plan.name}`}
      >
        <path class="plan-area" d={`M${x(plan.fromS)} 30${area}L${x(plan.toS)} 30Z`} />
        {plan.stages.map(({ fromS }, i) =>
          i === 0 ? null : <line key={fromS} x1={x(fromS)} x2={x(fromS)} y1={0} y2={30} class="plan-edge" />,
        )}
        <line x1={x(Math.min(elapsedS, totalS))} x2={x(Math.min(elapsedS, totalS))} y1={0} y2={30} class="plan-now" />
      </svg>
      <div class="plan-line quiet">
        {asked === null ? null : (
          <span class={got !== null && got < asked * 0.9 && state === 'running' ? 'warn' : ''}>
            asked {formatNumber(asked, 'per-s')}, got {formatNumber(got, 'per-s')}
          </span>
        )}
        {progress === undefined || progress.labels.length === 0 ? null : <span>{progress.labels.join('  ')}</span>}
        {progress === undefined || progress.dropped === 0 ? null : (
          <span class="warn">dropped {formatNumber(progress.dropped, 'count')}</span>
        )}
      </div>
    </li>
  )
}
