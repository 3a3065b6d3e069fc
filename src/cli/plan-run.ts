/** `perfwright run plan.yaml`: what the plan says under what the command line says. */
import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import type { Tier } from '#config/index.js'
import { planUsage } from '#plan/errors.js'
import { type ReadPlan, readPlan } from '#plan/read-plan.js'
import type { RunCommand } from './run-flags.js'

export interface PlannedRun {
  readonly flags: RunCommand
  readonly read: ReadPlan
}

/** The command line's short forms, any of which replaces the plan's scenarios. */
const shortForms = ['vus', 'duration', 'iterations', 'stages']

/** @throws PW_PLAN_INVALID, PW_PLAN_USAGE */
export function withPlan(flags: RunCommand, cwd: string): PlannedRun {
  const path = resolve(cwd, flags.script)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw planUsage(`The plan cannot be read: ${(error as Error).message}`, `check the path ${flags.script}`)
  }
  const read = readPlan(text, flags.script)
  const { plan, options, scalingFactor } = read
  const { runtime } = flags
  const script = /^https?:/.test(plan.script)
    ? plan.script
    : relative(cwd, resolve(dirname(path), plan.script)) || plan.script
  const profile = plan.profile?.split(',').map((kind) => kind.trim())
  const observe =
    runtime.observe === undefined
      ? undefined
      : {
          targetPids: runtime.observe.targetPids,
          targetCommand:
            runtime.observe.targetCommand ?? (runtime.observe.targetPids.length > 0 ? undefined : plan.targetCommand),
          uris: [...new Set([...(plan.observe ?? []), ...runtime.observe.uris])],
        }
  return {
    read,
    flags: {
      ...flags,
      script,
      options: { ...withoutScenarios(options, flags.options), ...flags.options },
      plan: {
        targets: plan.targets ?? [],
        rows: plan.data?.rows ?? {},
        dataRows: plan.environment?.dataRows,
        scalingFactor,
      },
      runtime: {
        ...runtime,
        env: { ...plan.env, ...runtime.env },
        name: runtime.name ?? plan.name,
        testType: runtime.testType ?? plan.type,
        profile: runtime.profile ?? profile,
        allowHosts: [...runtime.allowHosts, ...(plan.allow ?? [])],
        observe,
      },
    },
  }
}

function withoutScenarios(plan: Tier, given: Tier): Tier {
  if (!shortForms.some((key) => given[key] !== undefined)) return plan
  return Object.fromEntries(Object.entries(plan).filter(([key]) => key !== 'scenarios'))
}

/**
 * The same run for the real k6, which knows no plans: options become a `--config` file. An option that the script itself
 * exports wins there, as k6 has it.
 * @param configFile  where the options are
 */
export function k6Arguments(
  argv: readonly string[],
  planFile: string,
  { flags: { script, plan: _plan, runtime }, read }: PlannedRun,
  configFile: string,
): string[] {
  const env = Object.entries(read.plan.env ?? {}).filter(([name]) => runtime.env[name] === read.plan.env?.[name])
  return [
    ...argv.filter((arg) => arg !== planFile),
    ...env.flatMap(([name, value]) => ['-e', `${name}=${value}`]),
    '--config',
    configFile,
    script,
  ]
}
