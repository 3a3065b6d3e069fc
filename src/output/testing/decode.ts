/** Reads what was sent with protobufjs, by schemas cut from the published ones: none of our own code decodes. */
import protobuf from 'protobufjs'

const schema = `
syntax = "proto3";
message WriteRequest { repeated TimeSeries timeseries = 1; }
message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Histogram histograms = 4; }
message Label { string name = 1; string value = 2; }
message Sample { double value = 1; int64 timestamp = 2; }
message Histogram {
  oneof count { uint64 count_int = 1; double count_float = 2; }
  double sum = 3; sint32 schema = 4; double zero_threshold = 5;
  oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
  repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9;
  repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12;
  int64 timestamp = 15;
}
message BucketSpan { sint32 offset = 1; uint32 length = 2; }
message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
message Scope { string name = 1; string version = 2; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; } }
message Metric {
  string name = 1; string unit = 3;
  oneof data { Gauge gauge = 5; Sum sum = 7; Hist histogram = 9; Exponential exponential_histogram = 10; }
}
message Gauge { repeated Number data_points = 1; }
message Sum { repeated Number data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Hist { repeated HistPoint data_points = 1; int32 aggregation_temporality = 2; }
message Exponential { repeated ExpPoint data_points = 1; int32 aggregation_temporality = 2; }
message Number {
  fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  oneof value { double as_double = 4; sfixed64 as_int = 6; }
  repeated KeyValue attributes = 7;
}
message HistPoint {
  fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5;
  repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated KeyValue attributes = 9;
  optional double min = 11; optional double max = 12;
}
message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }
message ExpPoint {
  repeated KeyValue attributes = 1; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
  optional double sum = 5; sint32 scale = 6; fixed64 zero_count = 7; Buckets positive = 8; Buckets negative = 9;
  optional double min = 12; optional double max = 13;
}
`
const { root } = protobuf.parse(schema)

export interface DecodedSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly samples: readonly { readonly value: number; readonly timestamp: number }[]
  readonly histograms: readonly DecodedHistogram[]
}

export interface DecodedHistogram {
  readonly countInt: number
  readonly sum: number
  readonly schema: number
  readonly positiveSpans: readonly { readonly offset: number; readonly length: number }[]
  readonly positiveDeltas: readonly number[]
}

export function decodeWriteRequest(bytes: Uint8Array): DecodedSeries[] {
  const { timeseries } = decode('WriteRequest', bytes, Number, true) as {
    timeseries: { labels: { name: string; value: string }[]; samples: never[]; histograms: never[] }[]
  }
  return timeseries.map(({ labels, samples, histograms }) => ({
    labels: Object.fromEntries(labels.map(({ name, value }) => [name, value])),
    samples,
    histograms,
  }))
}

/** In the names of OTLP's JSON form, 64-bit numbers as text. */
export function decodeOtlp(bytes: Uint8Array): unknown {
  return decode('ExportMetricsServiceRequest', bytes, String, false)
}

function decode(type: string, bytes: Uint8Array, longs: typeof Number | typeof String, defaults: boolean): unknown {
  const message = root.lookupType(type)
  return message.toObject(message.decode(bytes), { longs, arrays: true, defaults })
}
