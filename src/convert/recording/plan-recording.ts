/** A recording as a script: what is kept, in which groups, with which pauses, variables, secrets and thresholds. */
import { nothingToConvert } from '../errors.js'
import {
  Code,
  type Header,
  type PlainObject,
  type RequestStep,
  type Script,
  type Text,
  plainText,
} from '../script/model.js'
import { constantName, identifier } from '../script/literal.js'
import { correlate } from './correlate.js'
import { isId, pathName } from './names.js'
import { groupByPage, stepTitle } from './pages.js'
import { followRedirects } from './redirects.js'
import { requestStep } from './request.js'
import { Secrets } from './secrets.js'
import { select } from './select.js'
import { setCookies } from './sources.js'
import type { Recording } from './types.js'
import { mapRequest } from './walk.js'
import type { ConvertOptions, Converted } from '../types.js'

export function planRecording(recording: Recording, source: string, options: ConvertOptions): Converted {
  const selection = select(recording.exchanges, options)
  const notes = [...new Set(recording.notes)]
  if (selection.kept.length === 0)
    throw nothingToConvert(
      recording.exchanges.length === 0
        ? 'The recording holds no request.'
        : `None of the ${recording.exchanges.length} requests is kept: ${[...selection.thirdParties.keys()].slice(0, 5).join(', ') || 'static files only'}.`,
      source,
      'choose hosts with --hosts, or keep images, styles and scripts with --keep-static',
    )
  const taken = new Set<string>(['secrets', 'headers', 'options', 'setup'])
  const bases = new Bases(selection.mainOrigin, taken)
  const files: { name: string; path: string; binary: boolean }[] = []
  const open = (path: string, binary: boolean): Code => {
    const known = files.find((file) => file.path === path && file.binary === binary)
    const name = known?.name ?? identifier(`${path.replace(/^.*[/\\]/, '')} file`, taken)
    if (known === undefined) {
      taken.add(name)
      files.push({ name, path, binary })
    }
    // curl's -d cuts line ends out of a file.
    return new Code(binary ? name : `${name}.replace(/[\\r\\n]/g, '')`)
  }

  const visits = followRedirects(selection.kept)
  const jar = new Set<string>()
  const drafts = visits.map((visit) => {
    const step = requestStep(visit, {
      baseOf: (origin) => bases.of(origin),
      open,
      jar,
      note: (text) => notes.push(text),
    })
    for (const response of visit.responses) for (const { name } of setCookies(response.headers)) jar.add(name)
    return step
  })
  const correlated = correlate(visits, drafts, taken)
  const secrets = new Secrets(taken)
  const named = correlated.steps
    .map((step) => mapRequest(step, (text, place) => secrets.inPlace(text, place)))
    // Again, because a value may stand before the place that tells that it is a secret.
    .map((step) => mapRequest(step, (text) => secrets.inside(text)))
    .map(withName)
  const { steps, headers, userAgent } = shareHeaders(named)
  const mask = (text: string): string => secrets.mask(text)
  const groups = groupByPage(visits, steps, recording, options.maxThinkS, mask)
  const third = [...selection.thirdParties].map(([host, count]) => `${host} (${count})`)
  const heading = [
    `Converted from ${source} by perfwright convert.`,
    ...(third.length === 0 ? [] : [`Left out, other hosts: ${listed(third)}.`]),
    ...(selection.staticAssets === 0
      ? []
      : [`Left out, static files: ${selection.staticAssets} (--keep-static keeps them).`]),
    ...notes.slice(0, 20).map((note) => `Note: ${note}`),
    ...(notes.length > 20 ? [`Note: and ${notes.length - 20} more of the kind.`] : []),
  ].map(mask)
  const script: Script = {
    heading: [...heading, ''],
    variables: bases.variables,
    secrets: secrets.found,
    files,
    options: {
      ...(userAgent === undefined ? {} : { userAgent }),
      ...loadOptions(visits.map(({ exchange }) => exchange.durationMs)),
    },
    headers,
    journeys: [{ name: 'journey', functionName: 'journey', weight: 1, steps: groups }],
    needsEncoding: secrets.needsEncoding,
  }
  const redirects = visits.reduce((sum, visit) => sum + visit.redirects, 0)
  return {
    script,
    blot: (text) => secrets.blot(text),
    summary: {
      kept: steps.length,
      journeys: 1,
      dropped: [
        ...third.map((text) => `other host ${text}`),
        ...(selection.staticAssets === 0 ? [] : [`${selection.staticAssets} static files (--keep-static)`]),
        ...(selection.preflights === 0 ? [] : [`${selection.preflights} CORS preflights`]),
        ...(redirects === 0
          ? []
          : [
              `${redirects} ${redirects === 1 ? 'request' : 'requests'} that k6 makes by itself when it follows redirects`,
            ]),
      ],
      correlated: correlated.found.map(({ variable, request }) => `${variable}, from ${stepTitle(steps[request])}`),
      secrets: secrets.found.map(({ name, what }) => `${name}: ${what}`),
      files: files.map(({ path }) => path),
      notes: notes.map(mask),
    },
  }
}

/** Origins as variables; the one under test is BASE_URL. */
class Bases {
  readonly variables: { name: string; fallback: string }[] = []
  readonly #names = new Map<string, string>()
  readonly #taken: Set<string>

  constructor(main: string | undefined, taken: Set<string>) {
    this.#taken = taken
    if (main !== undefined) this.#add(main, 'BASE_URL')
  }

  of(origin: string): Text {
    const name = this.#names.get(origin) ?? this.#add(origin, `${new URL(origin).host.replace(/\.[^.]*$/, '')}_URL`)
    return [new Code(name)]
  }

  #add(origin: string, wanted: string): string {
    const name = constantName(wanted, this.#taken)
    this.#taken.add(name)
    this.#names.set(origin, name)
    this.variables.push({ name, fallback: origin })
    return name
  }
}

/** One series for what differs by an id only. */
export function withName(step: RequestStep): RequestStep {
  const name = pathName(step.url.path)
  const queryVaries = step.url.query.some(({ value }) =>
    value?.some((part) => part instanceof Code || (isId(part) && part.length > 6)),
  )
  if (name === undefined && !queryVaries) return step
  return { ...step, name: name ?? (plainText(step.url.path) || '/') }
}

/** Headers that all requests have alike stand once; the browser's name is an option of k6. */
function shareHeaders(steps: readonly RequestStep[]): {
  steps: readonly RequestStep[]
  headers: readonly Header[]
  userAgent: string | undefined
} {
  const [first] = steps
  if (first === undefined) return { steps, headers: [], userAgent: undefined }
  const key = (header: Header): string | undefined => {
    const text = plainText(header.value)
    return text === undefined ? undefined : `${header.name.toLowerCase()}: ${text}`
  }
  const inAll = first.headers.filter((header) => {
    const wanted = key(header)
    return wanted !== undefined && steps.every((step) => step.headers.some((other) => key(other) === wanted))
  })
  const isAgent = (header: Header): boolean => header.name.toLowerCase() === 'user-agent'
  const agent = inAll.find(isAgent)
  const shared = steps.length > 1 ? inAll.filter((header) => !isAgent(header)) : []
  const gone = new Set([...shared, ...(agent === undefined ? [] : [agent])].map(key))
  return {
    steps: steps.map((step) => ({ ...step, headers: step.headers.filter((header) => !gone.has(key(header))) })),
    headers: shared,
    userAgent: agent === undefined ? undefined : plainText(agent.value),
  }
}

/** A short ramp that anybody can change, and thresholds that the recording suggests. */
export function loadOptions(durationsMs: readonly number[]): PlainObject {
  const sorted = durationsMs.filter((ms) => ms > 0).sort((a, b) => a - b)
  const slow = sorted[Math.floor(sorted.length * 0.95)] ?? 0
  const limit = Math.min(10_000, Math.max(500, Math.ceil((slow * 2) / 100) * 100))
  return {
    stages: [
      { duration: '30s', target: 5 },
      { duration: '1m', target: 5 },
      { duration: '15s', target: 0 },
    ],
    thresholds: {
      http_req_failed: ['rate<0.01'],
      http_req_duration: [`p(95)<${limit}`],
      checks: ['rate>0.99'],
    },
  }
}

function listed(items: readonly string[]): string {
  return items.length > 12 ? `${items.slice(0, 12).join(', ')} and ${items.length - 12} more` : items.join(', ')
}
