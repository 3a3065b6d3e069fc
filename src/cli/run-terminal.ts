/**
 * Everything that `perfwright run` shows: the log on standard error, the plan, the live view, the summary, the verdict.
 */
import { appendFileSync, type WriteStream } from 'node:fs'
import { resolve } from 'node:path'
import type { Clock } from '#base/clock.js'
import { formatDuration } from '#base/duration.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { RunFiles } from '#api/run-files.js'
import type { RunPlan, RunResult } from '#api/run-test.js'
import type { Scenario } from '#config/index.js'
import type { LogLine, WorkerFailure } from '#engine/native/worker/protocol.js'
import { LiveScreen } from '#report/live/screen.js'
import type { LiveState } from '#report/live/render.js'
import { ConsoleFile } from '#output/index.js'
import { bold, dim, green, red, type Paint } from '#report/paint.js'
import { renderSummary } from '#report/summary/index.js'
import type { CommandIo } from './command.js'
import { formatLog, type LogFormat, type LogStyle } from './log.js'
import type { RuntimeSettings } from './run-flags.js'

export class RunTerminal {
  readonly #io: CommandIo
  readonly #clock: Clock
  readonly #runtime: RuntimeSettings
  readonly #paint: Paint
  readonly #screen: LiveScreen
  readonly #logStyle: LogStyle
  readonly #writeLog: (text: string) => void
  #consoleFile: ConsoleFile | undefined

  constructor(io: CommandIo, runtime: RuntimeSettings, clock: Clock) {
    this.#io = io
    this.#clock = clock
    this.#runtime = runtime
    const tty = io.stdout.isTTY === true
    const noColour = runtime.noColor || (io.env['NO_COLOR'] ?? '') !== ''
    this.#paint = tty && !noColour
    this.#screen = new LiveScreen(
      {
        isTty: tty && io.env['TERM'] !== 'dumb',
        columns: () => io.stdout.columns ?? 80,
        write: (text) => void io.stdout.write(text),
      },
      this.#paint,
      runtime.quiet || runtime.json,
    )
    const logTty = io.stderr.isTTY === true
    this.#logStyle = {
      format: (runtime.logFormat === 'raw' || runtime.logFormat === 'json' ? runtime.logFormat : 'text') as LogFormat,
      isTty: logTty,
      colour: logTty && !noColour,
      startedUnixMs: clock.unixMs(),
    }
    this.#writeLog = logSink(runtime.logOutput, io)
  }

  /** @throws PW_CONSOLE_OUTPUT */
  async open(): Promise<void> {
    const path = this.#runtime.consoleOutput
    if (path === undefined) return
    const warn = (message: string): void =>
      this.log({ level: 'warn', message, fields: {}, unixMs: this.#clock.unixMs() })
    this.#consoleFile = await ConsoleFile.open(path, this.#io.cwd, warn)
  }

  log(line: LogLine): void {
    if (line.level === 'debug' && !this.#runtime.verbose) return
    if (this.#consoleFile !== undefined && line.fields['source'] === 'console') {
      this.#consoleFile.write(formatLog({ ...line, fields: {} }, { ...this.#logStyle, isTty: false, colour: false }))
      return
    }
    this.#screen.around(() => this.#writeLog(formatLog(line, this.#logStyle)))
  }

  warn(message: string): void {
    this.log({ level: 'warn', message, fields: {}, unixMs: this.#clock.unixMs() })
  }

  /** The script failed before anything could run. */
  scriptFailure({ message, stack }: WorkerFailure): void {
    const fields: LogLine['fields'] = stack === undefined ? {} : { hint: 'script exception', source: 'stacktrace' }
    this.log({ level: 'error', message: stack ?? message, fields, unixMs: this.#clock.unixMs() })
  }

  planned(plan: RunPlan, script: string, files: RunFiles): void {
    if (this.#runtime.quiet || this.#runtime.json) return
    const { options, vus } = plan
    const scenarios = Object.values(options.scenarios)
    const lines = [
      `${bold(this.#paint, 'perfwright')}  ${script}  ${dim(this.#paint, plan.workers === 1 ? 'native engine' : `native engine, ${plan.workers} workers`)}`,
      '',
      `  scenarios  ${scenarios.length === 1 ? '1 scenario' : `${scenarios.length} scenarios`}, ${vus.maxVus} max VUs, ${formatDuration(vus.totalDurationNs)} max duration (incl. graceful stop)`,
      ...scenarios.map(
        (scenario) => `             ${dim(this.#paint, '*')} ${scenario.name}: ${describeScenario(scenario)}`,
      ),
      ...(files.dir === undefined ? [] : [`  record     ${files.dir}`]),
      ...(files.outputNames.length === 0 ? [] : [`  output     ${files.outputNames.join(', ')}`]),
      '',
    ]
    this.#io.stdout.write(`${lines.join('\n')}\n`)
  }

  live(state: LiveState): void {
    this.#screen.update(state)
  }

  /** The live view is over; what it showed last stays. */
  end(): void {
    this.#screen.end()
  }

  summary(result: RunResult): void {
    const { options } = result.plan
    this.#io.stdout.write(
      renderSummary(result.summary, {
        mode: options.summaryMode === 'disabled' ? 'compact' : options.summaryMode,
        timeUnit: options.summaryTimeUnit,
        paint: this.#paint,
        extras: {
          arrivals: result.scenarios
            .filter((scenario) => scenario.askedPerS !== undefined)
            .map((scenario) => ({
              scenario: scenario.name,
              askedIterations: scenario.started + scenario.dropped,
              startedIterations: scenario.started,
              droppedIterations: scenario.dropped,
              durationS: result.durationNs / 1e9,
            })),
          trust: result.trust,
        },
      }),
    )
  }

  /** Last lines: what the numbers are worth, where the record is, and the verdict that the exit code stands for. */
  verdict(result: RunResult, files: RunFiles): void {
    const { end } = result
    if (!this.#runtime.quiet && !this.#runtime.json) {
      const lines: string[] = []
      if (files.dir !== undefined) lines.push(`  record ${files.dir}`)
      const passed = end.code === ExitCode.ok
      lines.push(passed ? green(this.#paint, '✓ passed') : red(this.#paint, `✗ failed (exit ${end.code})`))
      this.#io.stdout.write(`\n${lines.join('\n')}\n`)
    }
    if (end.text !== undefined && !result.endIsLogged) {
      this.log({ level: 'error', message: end.text, fields: {}, unixMs: result.endedUnixMs })
    }
  }

  async close(): Promise<void> {
    await this.#consoleFile?.close()
    for (const stream of [this.#io.stdout, this.#io.stderr]) {
      // A pipe is written asynchronously; the process must not end before its last line is out.
      if ((stream as WriteStream).writableLength > 0) await new Promise<void>((done) => stream.once('drain', done))
    }
  }
}

function logSink(output: string, io: CommandIo): (text: string) => void {
  if (output === 'none') return () => {}
  if (output === 'stdout') return (text) => void io.stdout.write(text)
  const file = /^file=([^,]+)/.exec(output)?.[1]
  if (file !== undefined) {
    const path = resolve(io.cwd, file)
    return (text) => appendFileSync(path, text)
  }
  if (output === '' || output === 'stderr') return (text) => void io.stderr.write(text)
  throw new PerfwrightError({
    code: 'PW_CLI_LOG_OUTPUT',
    message: `unsupported log output '${output}'`,
    where: '--log-output',
    fix: 'use stderr, stdout, none or file=PATH',
    exitCode: ExitCode.k6Usage,
  })
}

/** One line about a scenario in k6's words. */
function describeScenario(scenario: Scenario): string {
  const extras: string[] = []
  const d = formatDuration
  if (scenario.executor === 'ramping-vus') extras.push(`gracefulRampDown: ${d(scenario.gracefulRampDownNs)}`)
  if ('maxDurationNs' in scenario) extras.push(`maxDuration: ${d(scenario.maxDurationNs)}`)
  if ('maxVUs' in scenario && 'preAllocatedVUs' in scenario) {
    extras.push(
      `maxVUs: ${scenario.preAllocatedVUs === scenario.maxVUs ? scenario.maxVUs : `${scenario.preAllocatedVUs}-${scenario.maxVUs}`}`,
    )
  }
  if (scenario.exec !== 'default') extras.push(`exec: ${scenario.exec}`)
  if (scenario.startTimeNs > 0) extras.push(`startTime: ${d(scenario.startTimeNs)}`)
  if (scenario.gracefulStopNs > 0) extras.push(`gracefulStop: ${d(scenario.gracefulStopNs)}`)
  return `${workload(scenario)}${extras.length === 0 ? '' : ` (${extras.join(', ')})`}`
}

function workload(scenario: Scenario): string {
  const d = formatDuration
  switch (scenario.executor) {
    case 'shared-iterations':
      return `${scenario.iterations} iterations shared among ${scenario.vus} VUs`
    case 'per-vu-iterations':
      return `${scenario.iterations} iterations for each of ${scenario.vus} VUs`
    case 'constant-vus':
      return `${scenario.vus} looping VUs for ${d(scenario.durationNs)}`
    case 'ramping-vus': {
      const most = Math.max(scenario.startVUs, ...scenario.stages.map((stage) => stage.target))
      return `Up to ${most} looping VUs for ${d(total(scenario.stages))} over ${scenario.stages.length} stages`
    }
    case 'constant-arrival-rate':
      return `${perSecond(scenario.rate, scenario.timeUnitNs)} iterations/s for ${d(scenario.durationNs)}`
    case 'ramping-arrival-rate': {
      const most = Math.max(scenario.startRate, ...scenario.stages.map((stage) => stage.target))
      return `Up to ${perSecond(most, scenario.timeUnitNs)} iterations/s for ${d(total(scenario.stages))} over ${scenario.stages.length} stages`
    }
    case 'externally-controlled':
      return `Externally controlled execution with ${scenario.vus} VUs, ${scenario.maxVUs} max VUs`
  }
}

function total(stages: readonly { readonly durationNs: number }[]): number {
  return stages.reduce((sum, stage) => sum + stage.durationNs, 0)
}

function perSecond(rate: number, timeUnitNs: number): string {
  return ((rate * 1e9) / timeUnitNs).toFixed(2)
}
