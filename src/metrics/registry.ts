import { invalidMetricName, metricContentDiffers, metricTypeDiffers } from './errors.js'
import type { Metric, MetricType, ValueKind } from './types.js'

/** k6's rule (two characters at least, 129 at most). */
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]{1,128}$/

/** The metrics of one run. Ids are dense and follow the order of definition, so that workers that define alike agree. */
export class MetricRegistry {
  readonly #byName = new Map<string, Metric>()
  /** Ours live apart: a script may use the same name for a metric of its own. */
  readonly #own = new Map<string, Metric>()
  readonly #all: Metric[] = []

  /** All metrics by id. */
  get all(): readonly Metric[] {
    return this.#all
  }

  /**
   * Defines a metric, or finds it when it is defined alike.
   * @throws PW_METRIC_NAME, PW_METRIC_TYPE, PW_METRIC_CONTENT in k6's words
   */
  define(name: string, type: MetricType, contains: ValueKind = 'default'): Metric {
    if (!NAME.test(name)) throw invalidMetricName(name)
    const known = this.#byName.get(name)
    if (known === undefined) return this.#add({ id: this.#all.length, name, type, contains, own: false })
    if (known.type !== type) throw metricTypeDiffers(name, known.type, type)
    if (known.contains !== contains) throw metricContentDiffers(name, known.contains, contains)
    return known
  }

  /** A metric of perfwright's own: in the record and our summary, never in k6-shaped output. */
  defineOwn(name: string, type: MetricType, contains: ValueKind = 'default'): Metric {
    return this.#own.get(name) ?? this.#add({ id: this.#all.length, name, type, contains, own: true })
  }

  /** The script's or k6's metric of this name, else ours. */
  get(name: string): Metric | undefined {
    return this.#byName.get(name) ?? this.#own.get(name)
  }

  #add(metric: Metric): Metric {
    this.#all.push(metric)
    const names = metric.own ? this.#own : this.#byName
    names.set(metric.name, metric)
    return metric
  }
}
