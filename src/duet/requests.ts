/** Where the requests come from: a list of URLs with ranges, or what a script was seen to send. */
import { z } from 'zod'
import type { Random } from '#base/random.js'
import { usage } from './errors.js'
import type { DuetRequest } from './types.js'

/** @returns the n-th request of a seeded sequence: asked twice, with equal randomness, it gives the same */
export interface RequestSource {
  readonly what: string
  sequence(random: Random): (n: number) => DuetRequest
}

const requestSchema = z.object({
  method: z.string().regex(/^[A-Z]{1,20}$/),
  path: z.string().startsWith('/').max(65_536),
  headers: z.record(z.string(), z.string()).default({}),
  body: z
    .string()
    .max(16 << 20)
    .optional(),
  bodyEncoding: z.enum(['utf8', 'base64']).optional(),
})

/**
 * Each word is `[METHOD ]PATH-OR-URL`; `{1..100}` in it is a number that the seed draws. Of a URL only path and query
 * count: the host is that of the side. Requests take turns.
 * @throws PW_DUET_USAGE
 */
export function urlSource(words: readonly string[]): RequestSource {
  const parsed = words.map(parseWord)
  return {
    what: words.length === 1 ? (words[0] as string) : `${words.length} URLs`,
    sequence: (random) => {
      const seeds: number[] = []
      return (n) => {
        // Lanes ask out of order: the draw belongs to n, not to who comes first.
        while (seeds.length <= n) seeds.push(random())
        const one = parsed[n % parsed.length] as DuetRequest
        return { ...one, path: filled(one.path, seeds[n] as number) }
      }
    },
  }
}

/** The requests of one recording, in their order, again and again: a script's own mix. */
export function recordedSource(requests: readonly DuetRequest[], what: string): RequestSource {
  if (requests.length === 0) throw usage('There are no requests to send.', 'give a script that sends some, or --url')
  return { what, sequence: () => (n) => requests[n % requests.length] as DuetRequest }
}

/** One JSON object a line, as `--save-requests` writes. @throws PW_DUET_USAGE with the line */
export function parseRequests(text: string, file: string): DuetRequest[] {
  return text
    .split('\n')
    .map((line, i) => ({ line: line.trim(), at: i + 1 }))
    .filter(({ line }) => line !== '')
    .map(({ line, at }) => {
      let value: unknown
      try {
        value = JSON.parse(line)
      } catch (error) {
        throw usage(
          `Line ${at} is no JSON: ${(error as Error).message}`,
          'one request a line, as --save-requests writes',
          file,
        )
      }
      const checked = requestSchema.safeParse(value)
      if (!checked.success)
        throw usage(
          `Line ${at} is no request: ${z.prettifyError(checked.error)}`,
          'one request a line, as --save-requests writes',
          file,
        )
      return checked.data as DuetRequest
    })
}

function parseWord(word: string): DuetRequest {
  const match = /^(?:([A-Z]+)\s+)?(\S+)$/.exec(word.trim())
  const where = match?.[2] ?? ''
  const path = where.replace(/^https?:\/\/[^/?#]+/, '')
  if (match === null || (!path.startsWith('/') && path !== '' && !path.startsWith('?')))
    throw usage(`"${word}" is no URL.`, "--url '/items?page={1..50}' or --url 'POST /orders'", '--url')
  return { method: match[1] ?? 'GET', path: path.startsWith('/') ? path : `/${path}`, headers: {} }
}

function filled(path: string, at: number): string {
  return path.replace(/\{(\d{1,9})\.\.(\d{1,9})\}/g, (_, low: string, high: string) =>
    String(Number(low) + Math.floor(at * (Number(high) - Number(low) + 1))),
  )
}
