/**
 * `--out csv[=FILE | =fileName=F,timeFormat=T,saveInterval=D]` in k6's columns: name, time, value, one per system tag in
 * use, then what else was tagged. `-` is standard output; `.gz` compresses.
 * Source: grafana.com/docs/k6, "CSV" output; forms compared with k6 2.2. k6 orders `extra_tags` at random, we by key.
 */
import { DEFAULT_SYSTEM_TAGS } from '#config/option-table.js'
import { parseDuration } from '#base/duration.js'
import { outputNotCreated } from './errors.js'
import { csvField, fixed6, rfc3339, rfc3339Nano } from './go-text.js'
import { Sink } from './sink.js'
import type { Output, OutputContext, OutputLoss, OutputSample, OutputTags } from './types.js'

export function csvOutput(argument: string, context: OutputContext): Output {
  return new CsvOutput(readConfig(argument, context.env), context)
}

class CsvOutput implements Output {
  readonly description: string
  readonly #sink: Sink
  readonly #columns: readonly string[]
  readonly #notExtra: ReadonlySet<string>
  readonly #time: (unixMs: number) => string
  readonly #tags = new WeakMap<OutputTags, string>()

  constructor(config: CsvConfig, context: OutputContext) {
    const time = timeFormats[config.timeFormat]
    if (time === undefined) throw outputNotCreated('csv', `${config.timeFormat} does not belong to TimeFormat values`)
    this.#time = time
    const path = config.fileName === '' || config.fileName === '-' ? undefined : config.fileName
    this.description = `csv (${path ?? 'stdout'})`
    this.#sink = new Sink({ output: 'csv', description: this.description, path }, context)
    // `iter` and `vu` are metadata even when they are switched on.
    this.#columns = context.options.systemTags.filter((tag) => tag !== 'iter' && tag !== 'vu').sort()
    const off = SYSTEM_TAGS.filter((tag) => !context.options.systemTags.includes(tag))
    this.#notExtra = new Set([...this.#columns, ...off])
  }

  async start(): Promise<void> {
    await this.#sink.open()
    this.#sink.write(
      `metric_name,timestamp,metric_value,${[...this.#columns, 'extra_tags', 'metadata'].join(',')}\n`,
      0,
    )
  }

  samples(samples: readonly OutputSample[]): void {
    let text = ''
    let count = 0
    for (const { metric, tags, value, unixMs, metadata } of samples) {
      if (metric.own) continue
      const extra =
        metadata === undefined ? '' : this.#extra(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
      text += `${metric.name},${this.#time(unixMs)},${fixed6(value)},${this.#tagFields(tags)},${extra}\n`
      count++
    }
    if (count > 0) this.#sink.write(text, count)
  }

  stop(patienceNs: number): Promise<OutputLoss | undefined> {
    return this.#sink.close(patienceNs)
  }

  #tagFields(tags: OutputTags): string {
    let text = this.#tags.get(tags)
    if (text === undefined) {
      const values = new Map(tags.entries)
      text = [...this.#columns.map((column) => csvField(values.get(column) ?? '')), this.#extra(tags.entries)].join(',')
      this.#tags.set(tags, text)
    }
    return text
  }

  #extra(entries: readonly (readonly [string, string])[]): string {
    const kept = entries.filter(([key]) => !this.#notExtra.has(key))
    return csvField(kept.map(([key, value]) => `${key}=${value}`).join('&'))
  }
}

interface CsvConfig {
  readonly fileName: string
  readonly timeFormat: string
}

/** Defaults < environment < argument. `saveInterval` is checked and has no other effect: rows are written as they come. */
function readConfig(argument: string, env: OutputContext['env']): CsvConfig {
  const config = { fileName: env['K6_CSV_FILENAME'] ?? 'file.csv', timeFormat: env['K6_CSV_TIME_FORMAT'] ?? 'unix' }
  checkInterval(env['K6_CSV_SAVE_INTERVAL'])
  if (argument === '') return config
  if (!argument.includes('=')) return { ...config, fileName: argument }
  for (const pair of argument.split(',')) {
    const equals = pair.indexOf('=')
    const key = equals < 0 ? pair : pair.slice(0, equals)
    const value = equals < 0 ? '' : pair.slice(equals + 1)
    if (value === '')
      throw outputNotCreated('csv', `couldn't parse ${JSON.stringify(argument)} as argument for csv output`)
    if (key === 'fileName' || key === 'timeFormat') config[key] = value
    else if (key === 'saveInterval') checkInterval(value)
    else throw outputNotCreated('csv', `unknown key ${JSON.stringify(key)} as argument for csv output`)
  }
  return config
}

function checkInterval(text: string | undefined): void {
  if (text === undefined || text === '') return
  const parsed = parseDuration(text)
  if ('error' in parsed) throw outputNotCreated('csv', parsed.error)
}

const SYSTEM_TAGS = [...DEFAULT_SYSTEM_TAGS, 'ocsp_status', 'ip']

const timeFormats: Readonly<Record<string, (unixMs: number) => string>> = {
  unix: (ms) => String(Math.floor(ms / 1000)),
  unix_milli: (ms) => String(Math.floor(ms)),
  unix_micro: (ms) => `${Math.floor(ms)}000`,
  unix_nano: (ms) => `${Math.floor(ms)}000000`,
  rfc3339,
  rfc3339_nano: rfc3339Nano,
}
