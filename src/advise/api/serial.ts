/** Questions that wait for each other without need: asked one after the other, none of them from the answer of another. */
import { ms, number, percent, shortSql } from '#diagnose/finding.js'
import { answer, makeAdvice, notAssessed } from '../advice.js'
import { type Middle, middleOf } from '../measure.js'
import type { ProbedRequest } from '../probe/capture.js'
import type { Language } from '../target/facts.js'
import type { Advice, Advisor } from '../types.js'

const worthMs = 10
const worthShare = 0.2

export const serialWork: Advisor = {
  name: 'serial',
  kinds: ['slow-dependency'],
  explains: `Statements and calls (--calls) of one request that run one after the other though each needs only what the request itself says; speaks when side by side would save ${worthMs} ms and ${percent(worthShare)} of the response time.`,
  advise: async ({ capture, target }) => {
    if (capture === undefined) return notAssessed('no request was sent through a proxy')
    const endpoints = [...new Set(capture.requests.map(({ endpoint }) => endpoint))]
    const advice = endpoints.flatMap((endpoint) => {
      const requests = capture.requests.filter(
        (one) => one.endpoint === endpoint && one.varied === undefined && one.status < 400,
      )
      return adviceFor(endpoint, requests, target.language)
    })
    return answer(advice, 'no independent questions wait for each other')
  },
}

interface Step {
  readonly name: string
  readonly startMs: number
  readonly endMs: number
}

function adviceFor(endpoint: string, requests: readonly ProbedRequest[], language: Language): Advice[] {
  const chains = requests.map(independentSteps)
  const example = requests[chains.findIndex((chain) => chain.length >= 2)]
  const typical = chains.filter((chain) => chain.length >= 2)
  if (example === undefined || typical.length < requests.length / 2) return []
  const responseMs = middleOf(requests.map(({ startMs, endMs }) => endMs - startMs)) as Middle
  const savedMs = middleOf(typical.map(savingOf)) as Middle
  if (savedMs.median < worthMs || savedMs.median < worthShare * responseMs.median) return []
  const steps = independentSteps(example)
  const after = (saved: number): number => Math.max(0, responseMs.median - saved)
  return [
    makeAdvice({
      advisor: 'serial',
      kind: 'slow-dependency',
      severity: 'warning',
      confidence: 0.75,
      title: `${endpoint}: ${steps.length} independent questions wait for each other; side by side they save ${ms(savedMs.median)} of ${ms(responseMs.median)}`,
      where: { endpoint },
      evidence: steps.map(({ name, startMs, endMs }) => ({
        text: `${ms(startMs - example.startMs)} to ${ms(endMs - example.startMs)}: ${shortSql(name, 120)}`,
        source: `wire ${example.method} ${example.url}`,
        value: endMs - startMs,
        unit: 'ms',
      })),
      fix: 'Start them together and wait for all: each holds only values that the request itself brings.',
      prove: 'the same perfwright advise after the change: they overlap',
      share: Math.min(1, savedMs.median / responseMs.median),
      advice: {
        changes: [sideBySide(language, steps.length)],
        gain: {
          metric: `response time of ${endpoint} with one client`,
          unit: 'ms',
          before: responseMs.median,
          after: after(savedMs.median),
          afterLow: after(savedMs.high),
          afterHigh: after(savedMs.low),
          basis: 'estimated',
          how: `all but the longest of the ${number(steps.length)}, over ${typical.length} requests`,
        },
        costs: ['As many database connections at once for one request: the pool must have them, under load too.'],
        verification: {
          state: 'predicted',
          how: 'from the times of each; that none needs the answer of another is seen from its values',
        },
      },
    }),
  ]
}

function savingOf(steps: readonly Step[]): number {
  const times = steps.map(({ startMs, endMs }) => endMs - startMs)
  return times.reduce((sum, time) => sum + time, 0) - Math.max(...times)
}

/** One after the other, each of another kind, and each with values of the request alone. */
function independentSteps(request: ProbedRequest): Step[] {
  const asked = decodeURIComponent(request.url.replace(/%(?![0-9a-f]{2})/gi, '%25'))
  const fromRequest = (value: string | null | undefined): boolean =>
    value === null ||
    (value !== undefined && value.length > 0 && new RegExp(`(?<![\\w])${escaped(value)}(?![\\w])`).test(asked))
  const statements = request.exchanges.flatMap((one): (Step & { readonly isOwn: boolean })[] => {
    if (one.inTransaction || !/^\s*(select|with)\b/i.test(one.text)) return []
    // Beside parameters literals are the code's own; a driver that writes values into the text has no parameters.
    const literals =
      one.params.length > 0
        ? []
        : [...one.text.matchAll(/'((?:[^']|'')*)'|(?<![\w$.])(\d{2,})/g)].map(([, text, digits]) => text ?? digits)
    return [
      {
        name: one.family,
        startMs: one.startMs,
        endMs: one.endMs,
        isOwn: [...one.params, ...literals].every(fromRequest),
      },
    ]
  })
  const calls = request.calls.map((call) => ({
    name: `${call.method} ${call.host}${call.path}`,
    startMs: call.startMs,
    endMs: call.endMs,
    isOwn:
      call.method === 'GET' &&
      [...call.rawPath.matchAll(/\d{2,}|[0-9a-f]{8}-[0-9a-f-]{27}/gi)].every(([id]) => fromRequest(id)),
  }))
  const steps = [...statements, ...calls].sort((a, b) => a.startMs - b.startMs)
  const chain: Step[] = []
  for (const step of steps) {
    const last = chain.at(-1)
    const isRepeat = chain.some(({ name }) => name === step.name)
    if (step.isOwn && !isRepeat && (last === undefined || step.startMs >= last.endMs - 0.1)) chain.push(step)
  }
  return chain
}

function escaped(value: string): string {
  return value.slice(0, 200).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function sideBySide(language: Language, count: number) {
  const names = ['a', 'b', 'c', 'd', 'e'].slice(0, Math.min(5, count))
  if (language === 'python')
    return {
      form: 'code' as const,
      language,
      text: `${names.join(', ')} = await asyncio.gather(${names.map((name) => `load_${name}()`).join(', ')})\n# threads: with ThreadPoolExecutor() as pool: futures = [pool.submit(load) for load in loads]`,
    }
  if (language === 'go')
    return {
      form: 'code' as const,
      language,
      text: `group, ctx := errgroup.WithContext(ctx)\n${names.map((name) => `group.Go(func() (err error) { ${name}, err = load${name.toUpperCase()}(ctx); return err })`).join('\n')}\nif err := group.Wait(); err != nil {\n\treturn err\n}`,
    }
  return {
    form: 'code' as const,
    language: 'javascript',
    text: `const [${names.join(', ')}] = await Promise.all([${names.map((name) => `load${name.toUpperCase()}()`).join(', ')}])`,
  }
}
