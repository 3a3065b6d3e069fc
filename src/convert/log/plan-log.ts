/** An access log as a script: the most frequent journeys, drawn by their share, at the rate of the log. */
import { nothingToConvert } from '../errors.js'
import { commentText, identifier } from '../script/literal.js'
import { Code, type Journey, type PlainObject, type RequestStep, type Script, type Step } from '../script/model.js'
import { thinkTime } from '../recording/pages.js'
import { loadOptions, withName } from '../recording/plan-recording.js'
import { queryPairs } from '../recording/request.js'
import { Secrets } from '../recording/secrets.js'
import { mapRequest } from '../recording/walk.js'
import type { Converted, ConvertOptions } from '../types.js'
import { JourneyCounter, type LogJourney, type LogStep, type LogTraffic } from './journeys.js'
import { readLogLine } from './read-line.js'

const STATIC = /\.(?:avif|bmp|css|eot|gif|ico|jpe?g|js|map|mjs|mp4|otf|png|svg|ttf|webm|webp|woff2?)$/i

export function planLog(text: string, name: string, options: ConvertOptions): Converted {
  const counter = new JourneyCounter(options.sessionGapS)
  let [unread, statics, errors] = [0, 0, 0]
  for (const line of linesOf(text)) {
    if (line.trim() === '') continue
    const read = readLogLine(line)
    if (read === undefined || !read.target.startsWith('/')) unread++
    else if (!options.keepStatic && STATIC.test(read.target.replace(/[?#].*$/s, ''))) statics++
    // What the server refused is not what its users came for; scanners are.
    else if (read.status !== undefined && read.status >= 400) errors++
    else counter.add(read)
  }
  const traffic = counter.finish()
  if (traffic.requests === 0)
    throw nothingToConvert(
      'The log holds no request that was answered.',
      name,
      'the common and combined formats of Apache and nginx are read, and JSON lines; --keep-static keeps files',
    )
  const chosen = traffic.journeys.slice(0, options.journeys)
  const secrets = new Secrets(new Set(['BASE_URL']))
  const taken = new Set<string>()
  const journeys = chosen.map((journey) => {
    const functionName = identifier(journeyTitle(journey), taken)
    taken.add(functionName)
    return planJourney(journey, functionName, traffic, secrets, options)
  })
  const covered = chosen.reduce((sum, { count }) => sum + count, 0)
  const writes = chosen.some(({ steps }) => steps.some(({ method }) => method !== 'GET' && method !== 'HEAD'))
  const notes = [
    ...(options.baseUrl === undefined ? ['a log names no host: give it with -e BASE_URL=https://host'] : []),
    ...(writes ? ['a log holds no bodies: requests that write are sent empty, fill them in'] : []),
    ...(unread === 0 ? [] : [`${unread} lines are no requests`]),
  ]
  const share = `${journeys.length} of ${traffic.journeys.length} journeys, ${percent(covered, traffic.sessions)} of ${traffic.sessions} sessions`
  const script: Script = {
    heading: [
      `Converted from ${name} by perfwright convert.`,
      `${share}.`,
      ...notes.map((note) => `Note: ${note}.`),
      '',
    ],
    variables: [{ name: 'BASE_URL', fallback: options.baseUrl ?? 'http://localhost:8080' }],
    secrets: secrets.found,
    files: [],
    options: logOptions(traffic, chosen, options),
    headers: [],
    journeys,
    needsEncoding: secrets.needsEncoding,
  }
  return {
    script,
    blot: (written) => secrets.blot(written),
    summary: {
      kept: chosen.reduce((sum, { steps }) => sum + steps.length, 0),
      journeys: journeys.length,
      dropped: [
        ...(statics === 0 ? [] : [`${statics} requests for static files (--keep-static)`]),
        ...(errors === 0 ? [] : [`${errors} requests that were answered with an error`]),
        ...(covered === traffic.sessions
          ? []
          : [`${traffic.sessions - covered} sessions on rarer journeys (--journeys N keeps more)`]),
      ],
      correlated: [],
      secrets: secrets.found.map(({ name: secret, what }) => `${secret}: ${what}`),
      files: [],
      notes: [share, ...notes],
    },
  }
}

function* linesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from)
    yield text.slice(from, end < 0 ? text.length : end).replace(/\r$/, '')
    if (end < 0) return
    from = end + 1
  }
}

function planJourney(
  journey: LogJourney,
  functionName: string,
  traffic: LogTraffic,
  secrets: Secrets,
  options: ConvertOptions,
): Journey {
  const steps: Step[] = []
  journey.steps.forEach((logStep, i) => {
    const think = thinkTime(logStep.thinkSumS / Math.max(1, logStep.thinkCount), options.maxThinkS)
    if (i > 0 && think > 0) steps.push({ kind: 'sleep', seconds: think })
    steps.push(withName(mapRequest(step(logStep), (text, place) => secrets.inPlace(text, place))))
  })
  const title = `${journey.steps
    .map(({ method, template }) => `${method} ${template}`)
    .join(', ')
    .slice(0, 100)}: ${percent(journey.count, traffic.sessions)} of the sessions`
  return { name: commentText(title), functionName, weight: journey.count, steps }
}

function step({ method, example, status }: LogStep): RequestStep {
  const [path = '/'] = example.split(/[?#]/, 1)
  const search = /\?([^#]*)/.exec(example)?.[0] ?? ''
  const redirected = status !== undefined && status >= 300 && status < 400
  return {
    kind: 'request',
    method,
    url: { base: [new Code('BASE_URL')], path: [safePath(path)], query: queryPairs(safePath(search)) },
    headers: [],
    cookies: [],
    body: undefined,
    name: undefined,
    expected: [],
    // Where a redirect led stands in the log as a request of its own.
    checks: [
      status === undefined || status === 304 || redirected
        ? { kind: 'statusBelow', below: 400 }
        : { kind: 'status', anyOf: [status] },
    ],
    extracts: [],
    followRedirects: !(redirected && status !== 304),
    compression: undefined,
  }
}

/** What a URL cannot hold is encoded; what is encoded stays. */
function safePath(path: string): string {
  return path.replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, (char) => encodeURIComponent(char.replace(/\p{Cs}/u, '\ufffd')))
}

function journeyTitle({ steps }: LogJourney): string {
  const [first] = steps
  const last = steps.at(-1)
  const words = (template = '/'): string =>
    template
      .replaceAll('{id}', '')
      .replace(/[^A-Za-z0-9]+/g, ' ')
      .trim() || 'home'
  return steps.length === 1 ? words(first?.template) : `${words(first?.template)} to ${words(last?.template)}`
}

/** An open model: as many sessions begin as began in the log. */
function logOptions(traffic: LogTraffic, chosen: readonly LogJourney[], options: ConvertOptions): PlainObject {
  const { thresholds } = loadOptions([]) as { thresholds: PlainObject }
  const minutes = [...traffic.startsByMinute.keys()].sort((a, b) => a - b)
  const [first = 0, last = 0] = [minutes[0], minutes.at(-1)]
  const peak = Math.max(1, ...traffic.startsByMinute.values())
  const sessionS = Math.max(
    1,
    ...chosen.map(({ steps }) => steps.reduce((sum, s) => sum + s.thinkSumS / Math.max(1, s.thinkCount), 0)),
  )
  const vus = Math.min(1000, Math.max(2, Math.ceil((peak / 60) * sessionS * 1.5)))
  const common = { timeUnit: '1m', preAllocatedVUs: vus, maxVUs: vus * 5 }
  if (options.rates) {
    return {
      scenarios: {
        recorded: { executor: 'ramping-arrival-rate', startRate: 0, ...common, stages: stagesOf(traffic, first, last) },
      },
      thresholds,
    }
  }
  const rate = Math.max(1, Math.round(traffic.sessions / (last - first + 1)))
  return {
    scenarios: { recorded: { executor: 'constant-arrival-rate', rate, duration: '5m', ...common } },
    thresholds,
  }
}

const MAX_STAGES = 96

/** The rate of each stretch of the log, at most so many stretches; rates are sessions a minute. */
function stagesOf(traffic: LogTraffic, first: number, last: number): PlainObject[] {
  const width = Math.max(1, Math.ceil((last - first + 1) / MAX_STAGES))
  const stages: PlainObject[] = []
  for (let from = first; from <= last; from += width) {
    let starts = 0
    for (let minute = from; minute < from + width; minute++) starts += traffic.startsByMinute.get(minute) ?? 0
    stages.push({ duration: `${width}m`, target: Math.round(starts / width) })
  }
  return stages
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((part / whole) * 1000) / 10} %`
}
