/**
 * What OTLP sends, in the shape of its JSON form: whole numbers of 64 bits are decimal text, times nanoseconds.
 * Source: opentelemetry.io, "OTLP Specification"; opentelemetry-proto, metrics.proto.
 */
export interface OtlpRequest {
  readonly resourceMetrics: readonly [
    {
      readonly resource: { readonly attributes: readonly OtlpAttribute[] }
      readonly scopeMetrics: readonly [
        { readonly scope: { readonly name: string }; readonly metrics: readonly OtlpMetric[] },
      ]
    },
  ]
}

export interface OtlpAttribute {
  readonly key: string
  readonly value: { readonly stringValue: string }
}

export interface OtlpMetric {
  readonly name: string
  readonly unit: string
  readonly gauge?: { readonly dataPoints: readonly OtlpNumber[] }
  readonly sum?: {
    readonly dataPoints: readonly OtlpNumber[]
    readonly aggregationTemporality: Temporality
    readonly isMonotonic: boolean
  }
  readonly histogram?: { readonly dataPoints: readonly OtlpHistogram[]; readonly aggregationTemporality: Temporality }
  readonly exponentialHistogram?: {
    readonly dataPoints: readonly OtlpExponential[]
    readonly aggregationTemporality: Temporality
  }
}

export const DELTA = 1
export const CUMULATIVE = 2
export type Temporality = typeof DELTA | typeof CUMULATIVE

interface OtlpPoint {
  readonly attributes: readonly OtlpAttribute[]
  readonly startTimeUnixNano: string
  readonly timeUnixNano: string
}

export interface OtlpNumber extends OtlpPoint {
  readonly asDouble?: number
  readonly asInt?: string
}

interface OtlpDistribution extends OtlpPoint {
  readonly count: string
  readonly sum: number
  readonly min: number
  readonly max: number
}

export interface OtlpHistogram extends OtlpDistribution {
  readonly bucketCounts: readonly string[]
  readonly explicitBounds: readonly number[]
}

export interface OtlpExponential extends OtlpDistribution {
  readonly scale: number
  readonly zeroCount: string
  readonly positive: OtlpBuckets
  readonly negative: OtlpBuckets
}

export interface OtlpBuckets {
  readonly offset: number
  readonly bucketCounts: readonly string[]
}
