/** The digest of a run from its windows, one pass: for runs that ended too soon, or too long ago, to have left one. */
import type { SeriesWindow } from '../series-reader.js'
import { numbersOf } from './bin-numbers.js'
import { EndpointTotals } from './endpoint-totals.js'
import { ColumnsBuilder } from './load-columns.js'
import { LoadBins } from './load-bins.js'
import { type Objective, objectiveKey, ObjectiveReader } from './objective-parts.js'
import { RunPartsMerger } from './run-parts.js'
import { StartTime } from './start-time.js'
import { binCountOf, binSecondsOf, type LoadDigest, type ObjectiveParts } from './types.js'

export async function digestWindows(
  windows: AsyncIterable<SeriesWindow>,
  durationNs: number,
  objectives: readonly Objective[],
): Promise<LoadDigest> {
  const binS = binSecondsOf(durationNs)
  const binCount = binCountOf(durationNs, binS)
  const builder = new ColumnsBuilder(binS, binCount)
  const totals = new EndpointTotals()
  const bins = new LoadBins(
    binS,
    (index, bin) => {
      builder.add(numbersOf(index, bin))
      totals.add(bin)
    },
    binCount,
  )
  const parts = new RunPartsMerger()
  const readers = objectives.map((objective) => [objectiveKey(objective), new ObjectiveReader(objective)] as const)
  const start = new StartTime()
  for await (const window of windows) {
    bins.add(window)
    parts.add(window)
    for (const [, reader] of readers) reader.add(window)
    start.add(window)
  }
  bins.finish()
  return {
    binS,
    binCount,
    ...builder.finish(bins.names, totals.totals()),
    parts: parts.totals(),
    objectives: new Map(
      readers.flatMap(([key, reader]): [string, ObjectiveParts][] => {
        const found = reader.parts()
        return found === undefined ? [] : [[key, found]]
      }),
    ),
    startUnixMs: start.unixMs(),
  }
}
