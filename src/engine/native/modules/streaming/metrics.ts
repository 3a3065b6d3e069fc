/** Metrics of streams. They exist once a script imports the module, like a script's own. Times are in milliseconds. */
import type { Metric } from '#metrics/types.js'
import type { VuScope } from '../../types.js'

export interface StreamMetrics {
  /** From the last byte of the request out to the first byte of the answer. */
  readonly stream_ttfb: Metric
  /** To the first piece of the body; of a stream of events, to the first event. */
  readonly stream_first_chunk: Metric
  /** Between one piece (event) and the next. */
  readonly stream_chunk_gap: Metric
  /** To the end of the stream. */
  readonly stream_duration: Metric
  /** Pieces (events) of one stream. */
  readonly stream_chunks: Metric
  /** 1 when a stream broke off, timed out or could not begin, or its status was not expected. */
  readonly stream_failed: Metric
  /** To the first event that carries a token. Named as OpenTelemetry's semantic conventions for generative AI do. */
  readonly time_to_first_token: Metric
  /** From the first token to the last, by the tokens after the first. */
  readonly time_per_output_token: Metric
  readonly output_tokens: Metric
  /** Tokens of one answer by the time from the request to its last token. */
  readonly output_tokens_per_second: Metric
}

export function defineStreamMetrics(vu: VuScope): StreamMetrics {
  const time = (name: string): Metric => vu.defineMetric(name, 'trend', 'time')
  return {
    stream_ttfb: time('stream_ttfb'),
    stream_first_chunk: time('stream_first_chunk'),
    stream_chunk_gap: time('stream_chunk_gap'),
    stream_duration: time('stream_duration'),
    stream_chunks: vu.defineMetric('stream_chunks', 'trend', 'default'),
    stream_failed: vu.defineMetric('stream_failed', 'rate', 'default'),
    time_to_first_token: time('time_to_first_token'),
    time_per_output_token: time('time_per_output_token'),
    output_tokens: vu.defineMetric('output_tokens', 'counter', 'default'),
    output_tokens_per_second: vu.defineMetric('output_tokens_per_second', 'trend', 'default'),
  }
}
