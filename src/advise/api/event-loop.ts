/** A request whose computing holds up every other: a second one, sent right after it, waits until it is done. */
import { ms, percent } from '#diagnose/finding.js'
import { answer, makeAdvice, notAssessed } from '../advice.js'
import { type Middle, middleOf } from '../measure.js'
import type { BesidePass } from '../probe/capture.js'
import { findInSource } from '../target/call-site.js'
import type { Advice, AdviseInput, Advisor } from '../types.js'

const feltMs = 15
const blockedShare = 0.5

export const eventLoop: Advisor = {
  name: 'event-loop',
  kinds: ['event-loop-blocked'],
  explains: `Requests that compute for ${feltMs} ms and more between their statements and calls: a request to a path that does not exist, sent right after, is timed; it waits ${percent(blockedShare)} of that time where the work is done on the event loop.`,
  advise: async (input) => {
    const passes = input.capture?.beside ?? []
    if (input.capture === undefined) return notAssessed('no request was probed (--url)')
    const endpoints = [...new Set(passes.map(({ endpoint }) => endpoint))]
    const advice = endpoints.flatMap((endpoint) =>
      adviceFor(
        passes.filter((one) => one.endpoint === endpoint),
        input,
      ),
    )
    return answer(
      advice,
      passes.length === 0
        ? `no request computes for ${feltMs} ms`
        : `others are served while ${endpoints.join(', ')} computes`,
    )
  },
}

function adviceFor(passes: readonly BesidePass[], input: AdviseInput): Advice[] {
  const alone = middleOf(passes.map(({ aloneMs }) => aloneMs))
  const beside = middleOf(passes.map(({ besideMs }) => besideMs))
  const own = middleOf(passes.map(({ computingMs }) => computingMs))
  const endpoint = passes[0]?.endpoint
  if (alone === undefined || beside === undefined || own === undefined || endpoint === undefined) return []
  const waitedMs = beside.median - alone.median
  if (waitedMs < feltMs || waitedMs < blockedShare * own.median) return []
  const places = findInSource(/\b(\w+Sync)\s*\(/, input.target.sourceDir, input.sources, 3)
  const place = places.length === 1 ? places[0] : undefined
  return [
    makeAdvice({
      advisor: 'event-loop',
      kind: 'event-loop-blocked',
      severity: waitedMs > 50 ? 'critical' : 'warning',
      confidence: 0.85,
      title: `${endpoint}: while it computes ${ms(own.median)} nothing else is served; another request waits ${ms(waitedMs)}`,
      where: {
        endpoint,
        ...(place === undefined ? {} : { file: place.file, line: place.line }),
        ...(place?.function === undefined ? {} : { function: place.function }),
      },
      evidence: [
        {
          text: `a request for a path that does not exist takes ${ms(alone.median)} alone and ${ms(beside.median)} [${ms(beside.low)}, ${ms(beside.high)}] beside it (${beside.count} pairs)`,
          source: `probe ${endpoint}`,
          value: waitedMs,
          unit: 'ms',
          threshold: feltMs,
        },
        ...places.map(({ file, line, text }) => ({ text: `${text} in ${file}:${line}`, source: 'source' })),
      ],
      fix: fixOf(input.target.language),
      prove: 'the same perfwright advise after the change: a second request no longer waits',
      share: null,
      advice: {
        changes: changesOf(input.target.language, places[0]?.text),
        gain: estimate(endpoint, beside, alone),
        costs: ['The computing itself stays: on a thread it takes its core, and more of it at once needs more cores.'],
        verification: {
          state: 'predicted',
          how: `what the other request took alone, ${passes.length} times in turns; the code was not changed`,
        },
      },
    }),
  ]
}

function estimate(endpoint: string, beside: Middle, alone: Middle) {
  return {
    metric: `another request beside ${endpoint}`,
    unit: 'ms',
    before: beside.median,
    after: alone.median,
    afterLow: alone.low,
    afterHigh: alone.high,
    basis: 'estimated' as const,
    how: 'as long as it takes alone',
  }
}

function fixOf(language: string): string {
  if (language === 'javascript')
    return 'The asynchronous form of the call (pbkdf2, scrypt, zlib, fs), or a worker thread for computing of your own.'
  if (language === 'python') return 'A process pool for computing; in asyncio run_in_executor.'
  return 'More workers, or threads for what computes.'
}

function changesOf(language: string, call: string | undefined) {
  if (language === 'python')
    return [
      {
        form: 'code' as const,
        language,
        text: 'from concurrent.futures import ProcessPoolExecutor\n\npool = ProcessPoolExecutor()\nresult = await asyncio.get_running_loop().run_in_executor(pool, compute, argument)',
      },
    ]
  const name = call?.replace(/Sync$/, '')
  return [
    name === undefined
      ? {
          form: 'code' as const,
          language: 'javascript',
          text: "import { Worker } from 'node:worker_threads'\n\n// or a pool of them: npm install piscina\nconst result = await pool.run(argument)",
        }
      : {
          form: 'code' as const,
          language: 'javascript',
          text: `import { promisify } from 'node:util'\n\nconst ${name}Async = promisify(${name})\nconst result = await ${name}Async(...) // in place of ${call}(...)`,
        },
  ]
}
