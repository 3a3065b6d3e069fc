/**
 * The files that a run leaves: its record, and the raw outputs of `--out`.
 */
import { join, resolve } from 'node:path'
import type { Clock } from '#base/clock.js'
import { ExitCode } from '#base/errors.js'
import { exportOptions } from '#config/index.js'
import type { SampleBatch, WorkerWindow } from '#engine/native/worker/protocol.js'
import { createOutputs, type OutputLoss, type OutputSet, wantSamples } from '#output/index.js'
import { describeRun } from '#record/header.js'
import { openRecord, type RecordWriter } from '#record/record-writer.js'
import type { Missing, ScenarioResult } from '#record/types.js'
import type { ScriptSource } from '#script/index.js'
import type { RunPlan, RunResult } from './run-test.js'

export interface RunFilesOptions {
  readonly clock: Clock
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** k6's feature flags that are on. */
  readonly features?: readonly string[]
  /** `--out` values. */
  readonly outputs: readonly string[]
  /** `--record`: the record's own folder; a new one below `.perfwright/runs` when undefined. */
  readonly recordDir: string | undefined
  readonly testType?: string | undefined
  /** Capacity of the tested environment as a share of production's. */
  readonly scalingFactor?: number | undefined
  readonly commandLine: readonly string[]
  readonly version: string
  readonly stdout: NodeJS.WritableStream
  readonly warn: (message: string) => void
}

export class RunFiles {
  readonly #options: RunFilesOptions
  readonly #specs: string[]
  #outputs: OutputSet | undefined
  #plan: RunPlan | undefined
  #scenarios: WorkerWindow['scenarios'] = []
  #iterationErrors = 0
  #writer: RecordWriter | undefined

  constructor(options: RunFilesOptions) {
    this.#options = options
    this.#specs = [...options.outputs]
  }

  addOutputs(specs: readonly string[]): void {
    this.#specs.push(...specs)
  }

  get dir(): string | undefined {
    return this.#writer?.dir
  }

  /** The record, once it is open. */
  get writer(): RecordWriter | undefined {
    return this.#writer
  }

  get outputNames(): readonly string[] {
    return this.#outputs?.descriptions ?? []
  }

  /** True when an output needs each sample by itself. @throws PW_OUTPUT_UNKNOWN */
  get wantsSamples(): boolean {
    return wantSamples(this.#specs)
  }

  get missing(): readonly Missing[] {
    return this.#writer?.missing ?? []
  }

  /** @throws PW_OUTPUT_UNKNOWN, PW_OUTPUT_CREATE, PW_RECORD_EXISTS, before anything runs */
  async open(
    plan: RunPlan,
    run: { readonly script: string; readonly name: string | undefined; readonly source: ScriptSource },
  ): Promise<void> {
    const { recordDir, cwd, env, features = [], version, clock, warn, commandLine, stdout } = this.#options
    const outputs = await createOutputs(this.#specs, {
      options: plan.options,
      env,
      features,
      cwd,
      clock,
      version,
      stdout,
      warn,
    })
    await outputs.start()
    this.#outputs = outputs
    this.#plan = plan
    const sources = plan.compiled.sources.length > 0 ? plan.compiled.sources : [run.source]
    const header = await describeRun({
      name: run.name,
      testType: this.#options.testType,
      scalingFactor: this.#options.scalingFactor,
      toolVersion: version,
      engine: { name: plan.engine, version },
      script: { path: run.script, sources },
      options: exportOptions(plan.options),
      commandLine,
      cwd,
      startedUnixMs: plan.startedUnixMs,
    })
    const place = recordDir === undefined ? join(cwd, '.perfwright', 'runs') : { dir: resolve(cwd, recordDir) }
    this.#writer = await openRecord(place, header, {
      clock,
      warn,
    })
  }

  window(window: WorkerWindow, time: { readonly fromNs: number; readonly toNs: number }): void {
    this.#writer?.window(window.batch, { ...time, unixMs: window.unixMs })
    this.#outputs?.window(window.batch, window.unixMs)
    this.#scenarios = window.scenarios
    for (const { count } of window.errors) this.#iterationErrors += count
  }

  injector(
    values: Readonly<Record<string, number | undefined>>,
    span: { readonly fromNs: number; readonly toNs: number; readonly unixMs: number },
  ): void {
    this.#writer?.observe('injector', values, span)
    this.#outputs?.state({
      unixMs: span.unixMs,
      scenarios: this.#scenarios,
      injector: values,
      iterationErrors: this.#iterationErrors,
      thresholds: (this.#plan?.gate.last.results ?? []).flatMap(({ name, results }) =>
        results.map((result) => ({ metric: name, ...result })),
      ),
    })
  }

  samples(batch: SampleBatch): void {
    this.#outputs?.define(batch)
    this.#outputs?.samples(batch.samples)
  }

  event(type: string, detail: Readonly<Record<string, unknown>>): void {
    this.#writer?.event(type, detail)
  }

  async finish(result: RunResult): Promise<void> {
    // Who has pressed Ctrl-C does not want to wait for a receiver that is away.
    const patienceNs = result.end.code === ExitCode.interrupted ? 3e9 : 10e9
    const losses = (await this.#outputs?.stop(patienceNs)) ?? []
    for (const loss of losses) this.#options.warn(`${lossText(loss)} were lost: ${loss.why}`)
    await this.#writer?.finish({
      missing: [...losses.map((loss) => ({ what: lossText(loss), why: loss.why })), ...result.missing],
      endedUnixMs: result.endedUnixMs,
      durationNs: result.durationNs,
      scenarios: scenarioResults(result),
      thresholds: result.plan.gate.last.results,
      aggregate: result.plan.aggregate,
      trendStats: result.plan.options.summaryTrendStats,
      trust: result.trust,
      exit: { code: result.end.code, reason: result.end.text },
    })
  }

  /** The run broke off: what there is stays readable. */
  async abandon(error: unknown): Promise<void> {
    await this.#outputs?.stop(3e9)
    this.#writer?.event('broke-off', { error: error instanceof Error ? error.message : String(error) })
    await this.#writer?.abandon()
  }
}

function lossText({ samples, unit, output }: OutputLoss): string {
  return `${samples} ${unit ?? 'samples'} of the output ${output}`
}

function scenarioResults(result: RunResult): ScenarioResult[] {
  const lag = result.plan.aggregate.registry.get('iteration_start_lag')
  const sketch = lag === undefined ? undefined : result.plan.aggregate.total(lag).sink.sketch
  return result.scenarios.map((scenario) => {
    const executor = result.plan.options.scenarios[scenario.name]?.executor ?? 'unknown'
    const open = executor.endsWith('arrival-rate')
    return {
      name: scenario.name,
      executor,
      asked: open ? scenario.started + scenario.dropped : null,
      sent: scenario.started,
      dropped: scenario.dropped,
      startLagMs:
        !open || sketch === undefined || sketch.count === 0
          ? null
          : {
              med: sketch.quantile(0.5) ?? 0,
              p95: sketch.quantile(0.95) ?? 0,
              p99: sketch.quantile(0.99) ?? 0,
              max: sketch.max,
            },
    }
  })
}
