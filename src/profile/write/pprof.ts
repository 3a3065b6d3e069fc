/** profile.proto, gzipped, as `go tool pprof` opens it. */
import { gzipSync } from 'node:zlib'
import type * as PprofFormat from 'pprof-format'
import type { Labels, Profile, ValueType } from '../model.js'

export async function writePprof(profile: Profile): Promise<Uint8Array> {
  const pprof = await import('pprof-format')
  const strings = new pprof.StringTable()
  const text = (value: string): number => strings.dedup(value)
  const valueType = ({ type, unit }: ValueType): PprofFormat.ValueType =>
    new pprof.ValueType({ type: text(type), unit: text(unit) })
  const functions = new Map<string, PprofFormat.Function>()
  const mappings = new Map<string, PprofFormat.Mapping>()
  const mappingId = (module: string): number => {
    if (module === '') return 0
    let mapping = mappings.get(module)
    if (mapping === undefined) {
      mapping = new pprof.Mapping({ id: mappings.size + 1, filename: text(module), hasFunctions: true })
      mappings.set(module, mapping)
    }
    return Number(mapping.id)
  }
  const locations = profile.frames.map((frame, i) => {
    const key = `${frame.name}\0${frame.file}\0${frame.startLine}`
    let fn = functions.get(key)
    if (fn === undefined) {
      fn = new pprof.Function({
        id: functions.size + 1,
        name: text(frame.name),
        systemName: text(frame.name),
        filename: text(frame.file),
        startLine: frame.startLine,
      })
      functions.set(key, fn)
    }
    const line = new pprof.Line({ functionId: fn.id, line: frame.line })
    return new pprof.Location({ id: i + 1, mappingId: mappingId(frame.module), line: [line] })
  })
  const width = profile.valueTypes.length
  const labelSets = profile.labelSets.map((labels) => labelsOf(labels, pprof, text))
  const samples = Array.from(
    profile.leaves,
    (leaf, i) =>
      new pprof.Sample({
        locationId: locationIds(profile, leaf),
        value: Array.from(profile.values.subarray(i * width, (i + 1) * width), (value) => Math.round(value)),
        label: labelSets[profile.labels[i] as number] ?? [],
      }),
  )
  const wire = new pprof.Profile({
    sampleType: profile.valueTypes.map(valueType),
    sample: samples,
    location: locations,
    function: [...functions.values()],
    mapping: [...mappings.values()],
    stringTable: strings,
    defaultSampleType: text(profile.valueTypes[profile.mainValue]?.type ?? ''),
    ...(profile.startedUnixMs !== undefined && { timeNanos: BigInt(Math.round(profile.startedUnixMs * 1e6)) }),
    ...(profile.durationNs !== undefined && { durationNanos: Math.round(profile.durationNs) }),
    ...(profile.period !== undefined && { periodType: valueType(profile.period.type), period: profile.period.every }),
  })
  return gzipSync(wire.encode())
}

/** Leaf first. */
function locationIds(profile: Profile, leaf: number): number[] {
  const ids: number[] = []
  for (let node = leaf; node > 0; node = profile.parents[node] as number) {
    ids.push((profile.nodeFrames[node] as number) + 1)
  }
  return ids
}

function labelsOf(labels: Labels, pprof: typeof PprofFormat, text: (value: string) => number): PprofFormat.Label[] {
  return Object.entries(labels).map(([key, value]) =>
    typeof value === 'number'
      ? new pprof.Label({ key: text(key), num: value })
      : new pprof.Label({ key: text(key), str: text(value) }),
  )
}
