/** speedscope's file format, sampled and evented (speedscope.app/file-format-schema.json). */
import { z } from 'zod'
import { unreadable } from '../errors.js'
import { type Profile, ProfileBuilder } from '../model.js'

const unit = z.enum(['none', 'nanoseconds', 'microseconds', 'milliseconds', 'seconds', 'bytes'])
const sampled = z.object({
  type: z.literal('sampled'),
  name: z.string(),
  unit,
  samples: z.array(z.array(z.number())),
  weights: z.array(z.number()),
})
const evented = z.object({
  type: z.literal('evented'),
  name: z.string(),
  unit,
  startValue: z.number(),
  events: z.array(z.object({ type: z.enum(['O', 'C']), frame: z.number(), at: z.number() })),
})
const file = z.object({
  shared: z.object({
    frames: z.array(
      z.object({
        name: z.string(),
        file: z.string().optional(),
        line: z.number().optional(),
        col: z.number().optional(),
      }),
    ),
  }),
  profiles: z.array(z.discriminatedUnion('type', [sampled, evented])).min(1),
})

/** Times become nanoseconds; several profiles (threads) become one, with their names as the label `thread`. */
export function readSpeedscope(json: unknown, where: string): Profile {
  const parsed = file.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw unreadable(
      where,
      `it is not a whole speedscope file: ${issue?.path.map(String).join('.')}: ${issue?.message}.`,
    )
  }
  const { shared, profiles } = parsed.data
  const first = profiles[0] as (typeof profiles)[number]
  if (profiles.some((profile) => profile.unit !== first.unit))
    throw unreadable(where, 'its profiles have different units.')
  const [type, name, factor] = units[first.unit]
  const builder = new ProfileBuilder([{ type, unit: name }])
  const frames = shared.frames.map((frame) =>
    builder.frame({ name: frame.name, file: frame.file ?? '', line: frame.line ?? 0 }),
  )
  let broken = 0
  for (const profile of profiles) {
    const labels = profiles.length > 1 ? builder.labelSet({ thread: profile.name }) : 0
    const add = (stack: readonly number[], weight: number): void => {
      if (stack.some((index) => frames[index] === undefined)) broken++
      else if (weight > 0)
        builder.sample(builder.stack(stack.map((index) => frames[index] as number)), [weight * factor], labels)
    }
    if (profile.type === 'sampled') {
      for (const [i, stack] of profile.samples.entries()) add(stack, profile.weights[i] ?? 0)
    } else {
      const open: number[] = []
      let since = profile.startValue
      for (const event of profile.events) {
        add(open, open.length === 0 ? 0 : event.at - since)
        since = event.at
        if (event.type === 'O') open.push(event.frame)
        else if (open.at(-1) === event.frame) open.pop()
        else broken++
      }
    }
  }
  return builder.build({
    notes:
      broken === 0
        ? []
        : [`${broken} samples or events name frames that the file does not hold, or close out of order.`],
  })
}

/** Type and unit in pprof's words, and the factor to it. */
const units: Readonly<Record<z.infer<typeof unit>, readonly [string, string, number]>> = {
  none: ['samples', 'count', 1],
  nanoseconds: ['wall', 'nanoseconds', 1],
  microseconds: ['wall', 'nanoseconds', 1e3],
  milliseconds: ['wall', 'nanoseconds', 1e6],
  seconds: ['wall', 'nanoseconds', 1e9],
  bytes: ['space', 'bytes', 1],
}
