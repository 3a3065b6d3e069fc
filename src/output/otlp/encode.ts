/** A request as a protocol buffer message. Source: opentelemetry-proto, metrics_service.proto and metrics.proto. */
import { ProtoWriter } from '../net/protobuf.js'
import type {
  OtlpAttribute,
  OtlpBuckets,
  OtlpExponential,
  OtlpHistogram,
  OtlpMetric,
  OtlpNumber,
  OtlpRequest,
} from './model.js'

export function encodeRequest({ resourceMetrics: [{ resource, scopeMetrics }] }: OtlpRequest): Uint8Array {
  const out = new ProtoWriter()
  const [{ scope, metrics }] = scopeMetrics
  out.message(1, () => {
    out.message(1, () => attributes(out, 1, resource.attributes))
    out.message(2, () => {
      out.message(1, () => out.string(1, scope.name))
      for (const metric of metrics) out.message(2, () => writeMetric(out, metric))
    })
  })
  return out.finish()
}

function writeMetric(out: ProtoWriter, { name, unit, gauge, sum, histogram, exponentialHistogram }: OtlpMetric): void {
  out.string(1, name)
  if (unit !== '') out.string(3, unit)
  if (gauge !== undefined) {
    out.message(5, () => {
      for (const point of gauge.dataPoints) out.message(1, () => writeNumber(out, point))
    })
  }
  if (sum !== undefined) {
    out.message(7, () => {
      for (const point of sum.dataPoints) out.message(1, () => writeNumber(out, point))
      out.uint(2, sum.aggregationTemporality)
      if (sum.isMonotonic) out.uint(3, 1)
    })
  }
  if (histogram !== undefined) {
    out.message(9, () => {
      for (const point of histogram.dataPoints) out.message(1, () => writeHistogram(out, point))
      out.uint(2, histogram.aggregationTemporality)
    })
  }
  if (exponentialHistogram !== undefined) {
    out.message(10, () => {
      for (const point of exponentialHistogram.dataPoints) out.message(1, () => writeExponential(out, point))
      out.uint(2, exponentialHistogram.aggregationTemporality)
    })
  }
}

function writeNumber(out: ProtoWriter, point: OtlpNumber): void {
  fixed64(out, 2, point.startTimeUnixNano)
  fixed64(out, 3, point.timeUnixNano)
  if (point.asInt !== undefined) fixed64(out, 6, point.asInt)
  else out.double(4, point.asDouble ?? 0)
  attributes(out, 7, point.attributes)
}

function writeHistogram(out: ProtoWriter, point: OtlpHistogram): void {
  fixed64(out, 2, point.startTimeUnixNano)
  fixed64(out, 3, point.timeUnixNano)
  fixed64(out, 4, point.count)
  out.double(5, point.sum)
  out.packedFixed64(6, point.bucketCounts.map(Number))
  out.packedDouble(7, point.explicitBounds)
  attributes(out, 9, point.attributes)
  out.double(11, point.min)
  out.double(12, point.max)
}

function writeExponential(out: ProtoWriter, point: OtlpExponential): void {
  attributes(out, 1, point.attributes)
  fixed64(out, 2, point.startTimeUnixNano)
  fixed64(out, 3, point.timeUnixNano)
  fixed64(out, 4, point.count)
  out.double(5, point.sum)
  out.sint(6, point.scale)
  fixed64(out, 7, point.zeroCount)
  writeBuckets(out, 8, point.positive)
  writeBuckets(out, 9, point.negative)
  out.double(12, point.min)
  out.double(13, point.max)
}

function writeBuckets(out: ProtoWriter, field: number, { offset, bucketCounts }: OtlpBuckets): void {
  out.message(field, () => {
    if (bucketCounts.length === 0) return
    out.sint(1, offset)
    out.packedUint(2, bucketCounts.map(Number))
  })
}

function attributes(out: ProtoWriter, field: number, list: readonly OtlpAttribute[]): void {
  for (const { key, value } of list) {
    out.message(field, () => {
      out.string(1, key)
      out.message(2, () => out.string(1, value.stringValue))
    })
  }
}

function fixed64(out: ProtoWriter, field: number, decimal: string): void {
  const value = BigInt.asUintN(64, BigInt(decimal))
  out.fixed64(field, Number(value & 0xffffffffn), Number(value >> 32n))
}
