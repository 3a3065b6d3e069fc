import { formatSegment, formatSegmentSequence, parseSegmentSequence } from '#config/execution-segment.js'

/** The `index`-th of `count` equal parts of a test, from 0, in the words of k6's flags. */
export function segmentOf(
  index: number,
  count: number,
): { readonly executionSegment: string; readonly executionSegmentSequence: string } {
  const points = Array.from({ length: count + 1 }, (_, i) => `${i}/${count}`).join(',')
  const sequence = parseSegmentSequence(points)
  const own = sequence[index]
  if (own === undefined) throw new RangeError(`there is no part ${index} of ${count}`)
  return { executionSegment: formatSegment(own), executionSegmentSequence: formatSegmentSequence(sequence) }
}
