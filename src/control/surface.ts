import type { RunControl } from '#api/run-control.js'
import type { ThresholdGate } from '#gate/index.js'
import type { MetricAggregate } from '#metrics/index.js'

/** What the API shows and changes: one run. */
export interface ControlSurface {
  readonly control: RunControl
  /** Totals and thresholds; undefined before the script's options are known. */
  measured(): { readonly aggregate: MetricAggregate; readonly gate: ThresholdGate } | undefined
  /** Since the start of the load. */
  elapsedS(): number
}
