/** Formats of text: collapsed stacks, and speedscope's JSON. */
import { type Profile, stackOf } from '../model.js'

/** `main;parse;read 42` lines of one value, equal stacks added up; frames as py-spy writes them. */
export function writeCollapsed(profile: Profile, value: number = profile.mainValue): string {
  const sums = new Map<number, number>()
  const width = profile.valueTypes.length
  for (const [i, leaf] of profile.leaves.entries()) {
    sums.set(leaf, (sums.get(leaf) ?? 0) + (profile.values[i * width + value] as number))
  }
  return [...sums]
    .filter(([, sum]) => sum > 0)
    .map(([leaf, sum]) => `${stackOf(profile, leaf).map(frameText).join(';')} ${Math.round(sum)}\n`)
    .join('')
}

function frameText({
  name,
  file,
  line,
}: {
  readonly name: string
  readonly file: string
  readonly line: number
}): string {
  const clean = name.replaceAll(';', ':').replaceAll('\n', ' ')
  if (file === '') return clean
  return `${clean} (${file.replaceAll(';', ':')}${line > 0 ? `:${line}` : ''})`
}

/** A sampled profile of speedscope (speedscope.app/file-format-schema.json), one for each thread label. */
export function writeSpeedscope(profile: Profile, name: string, value: number = profile.mainValue): string {
  const unit = profile.valueTypes[value]?.unit
  const width = profile.valueTypes.length
  const threads = new Map<string, { samples: number[][]; weights: number[]; end: number }>()
  for (const [i, leaf] of profile.leaves.entries()) {
    const weight = profile.values[i * width + value] as number
    if (weight === 0) continue
    const thread = String(profile.labelSets[profile.labels[i] as number]?.thread ?? name)
    let list = threads.get(thread)
    if (list === undefined) threads.set(thread, (list = { samples: [], weights: [], end: 0 }))
    list.samples.push(frameIds(profile, leaf))
    list.weights.push(weight)
    list.end += weight
  }
  return JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    exporter: 'perfwright',
    name,
    shared: {
      frames: profile.frames.map((frame) => ({
        name: frame.name,
        ...(frame.file !== '' && { file: frame.file }),
        ...(frame.line > 0 && { line: frame.line }),
      })),
    },
    profiles: [...threads].map(([thread, { samples, weights, end }]) => ({
      type: 'sampled',
      name: thread,
      unit: unit === 'nanoseconds' || unit === 'bytes' ? unit : 'none',
      startValue: 0,
      endValue: end,
      samples,
      weights,
    })),
  })
}

function frameIds(profile: Profile, leaf: number): number[] {
  const ids: number[] = []
  for (let node = leaf; node > 0; node = profile.parents[node] as number) ids.push(profile.nodeFrames[node] as number)
  return ids.reverse()
}
