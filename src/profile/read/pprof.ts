/** Profiles of Go, of Pyroscope, of py-spy and of our own: proto/profile.proto of github.com/google/pprof. */
import type * as PprofFormat from 'pprof-format'
import { unreadable } from '../errors.js'
import { type Labels, type Profile, ProfileBuilder, type ValueType } from '../model.js'

export async function readPprof(bytes: Uint8Array, where: string): Promise<Profile> {
  const { Profile: Wire } = await import('pprof-format')
  let wire: PprofFormat.Profile
  try {
    wire = Wire.decode(bytes)
  } catch (error) {
    throw unreadable(where, `it does not decode as a pprof file (${(error as Error).message}).`)
  }
  const text = (index: number | bigint): string => wire.stringTable.strings[Number(index)] ?? ''
  const valueType = (type: PprofFormat.ValueType): ValueType => ({ type: text(type.type), unit: text(type.unit) })
  if (wire.sampleType.length === 0) throw unreadable(where, 'it decodes as a pprof file without a type of value.')
  const valueTypes = wire.sampleType.map(valueType)
  const builder = new ProfileBuilder(valueTypes)
  const framesOf = frameTable(wire, text, builder)
  const labelKeys = new Map<PprofFormat.Label[], number>()
  let broken = 0
  for (const sample of wire.sample) {
    const node = nodeOf(sample.locationId, framesOf, builder)
    if (node === undefined || sample.value.length !== valueTypes.length) {
      broken++
      continue
    }
    const labels =
      sample.label.length === 0 ? 0 : (labelKeys.get(sample.label) ?? builder.labelSet(labelsOf(sample.label, text)))
    builder.sample(node, sample.value.map(Number), labels)
  }
  const main = valueTypes.findIndex(({ type }) => type === text(wire.defaultSampleType) && type !== '')
  return builder.build({
    ...(wire.timeNanos && { startedUnixMs: Number(wire.timeNanos) / 1e6 }),
    ...(wire.durationNanos && { durationNs: Number(wire.durationNanos) }),
    ...(wire.periodType && { period: { type: valueType(wire.periodType), every: Number(wire.period) } }),
    ...(main >= 0 && { mainValue: main }),
    notes:
      broken === 0
        ? []
        : [`${broken} of ${wire.sample.length} samples point at locations or values that the file does not hold.`],
  })
}

/** Location id to its frames, outermost first: inlined calls are frames of their own. */
function frameTable(
  wire: PprofFormat.Profile,
  text: (index: number | bigint) => string,
  builder: ProfileBuilder,
): ReadonlyMap<number, readonly number[]> {
  const functions = new Map(wire.function.map((fn) => [Number(fn.id), fn]))
  const modules = new Map(wire.mapping.map((mapping) => [Number(mapping.id), text(mapping.filename)]))
  return new Map(
    wire.location.map((location) => {
      const module = modules.get(Number(location.mappingId)) ?? ''
      // The wire has the innermost inlined function first.
      const frames = location.line.toReversed().map((line) => {
        const fn = functions.get(Number(line.functionId))
        return builder.frame({
          name: fn === undefined ? address(location.address) : text(fn.name) || text(fn.systemName),
          file: fn === undefined ? '' : text(fn.filename),
          startLine: fn === undefined ? 0 : Number(fn.startLine),
          line: Number(line.line),
          module,
        })
      })
      if (frames.length === 0) frames.push(builder.frame({ name: address(location.address), module }))
      return [Number(location.id), frames]
    }),
  )
}

/** The wire has the leaf first. */
function nodeOf(
  locations: readonly (number | bigint)[],
  framesOf: ReadonlyMap<number, readonly number[]>,
  builder: ProfileBuilder,
): number | undefined {
  let node = 0
  for (let i = locations.length - 1; i >= 0; i--) {
    const frames = framesOf.get(Number(locations[i]))
    if (frames === undefined) return undefined
    for (const frame of frames) node = builder.child(node, frame)
  }
  return node
}

function labelsOf(labels: readonly PprofFormat.Label[], text: (index: number | bigint) => string): Labels {
  return Object.fromEntries(
    labels.map((label) => [text(label.key), Number(label.str) === 0 ? Number(label.num) : text(label.str)]),
  )
}

function address(value: number | bigint): string {
  return `0x${BigInt(value).toString(16)}`
}
