import { Sketch } from '#stats/index.js'
import { EXACT_LIMIT } from './series.js'
import { parseTrendStat, trendStatOf } from './trend-stat.js'
import type { MetricType, WindowRow } from './types.js'

/** The total of one metric (or of a part of it) over the run, or over a stretch of it. */
export class MetricSink {
  readonly type: MetricType
  /** Samples. */
  count = 0
  /** counter: sum of values; rate: non-zero values; gauge: the last value; trend: sum of values. */
  sum = 0
  /** 0 while empty, as k6 shows it. */
  min = 0
  max = 0
  /** Trends only have something in it. */
  readonly sketch: Sketch

  constructor(type: MetricType) {
    this.type = type
    this.sketch = type === 'trend' ? new Sketch(EXACT_LIMIT) : NONE
  }

  get isEmpty(): boolean {
    return this.count === 0
  }

  mergeRow(row: Pick<WindowRow, 'count' | 'sum' | 'min' | 'max' | 'buckets' | 'zeros' | 'values'>): void {
    if (row.count === 0) return
    if (this.count === 0 || row.min < this.min) this.min = row.min
    if (this.count === 0 || row.max > this.max) this.max = row.max
    this.sum = this.type === 'gauge' ? row.sum : this.sum + row.sum
    this.count += row.count
    if (this.type === 'trend') this.sketch.mergeRow(row)
  }

  /**
   * The values that k6 shows for a metric of this type, in k6's keys and order.
   * @param durationS   of the run; a counter's rate is 0 over no time
   * @param trendStats  columns of a trend, `summaryTrendStats`
   */
  values(durationS: number, trendStats: readonly string[]): Record<string, number> {
    switch (this.type) {
      case 'counter':
        return { count: this.sum, rate: durationS > 0 ? this.sum / durationS : 0 }
      case 'gauge':
        return { value: this.sum, min: this.min, max: this.max }
      case 'rate':
        return { rate: this.count > 0 ? this.sum / this.count : 0, passes: this.sum, fails: this.count - this.sum }
      case 'trend':
        return Object.fromEntries(trendStats.map((stat) => [stat, trendStatOf(this.sketch, parseTrendStat(stat))]))
    }
  }
}

const NONE = new Sketch()
