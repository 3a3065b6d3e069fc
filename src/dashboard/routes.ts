/** What the dashboard answers, request by request, to whom the guard has let in. */
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Clock } from '#base/clock.js'
import { packageRoot } from '#base/package-root.js'
import { nodeDisk, readRecord } from '#record/index.js'
import { renderReport, reportFormats } from '#report/index.js'
import { downloadCsv } from './downloads.js'
import { short } from './endpoints.js'
import { Refusal } from './errors.js'
import type { RunFollower } from './follow.js'
import type { RecordShelf } from './records.js'
import { type Answer, type AskedFor, type Reply, SANDBOX } from './server.js'
import type { LiveSession } from './session.js'
import type { Starter } from './starter.js'
import type { ControlRequest, RecordDetail, ServerInfo, StartRequest } from './wire.js'

export interface Answering {
  readonly version: string
  readonly clock: Clock
  /** The run of this process. */
  readonly run: LiveSession | undefined
  readonly shelf: RecordShelf | undefined
  /** Runs of other processes, followed by their files. */
  readonly follower: RunFollower | undefined
  readonly starter: Starter | undefined
}

export function answering(parts: Answering): Answer {
  return async (asked, response) => {
    const { path } = asked
    if (asked.method === 'POST') return await change(parts, asked)
    if (path === '/app.js') return script()
    if (path.startsWith('/api/')) return await api(parts, asked, response)
    if (path.startsWith('/files/')) return await file(parts, asked)
    if (PAGES.test(path)) return { type: 'text/html; charset=utf-8', body: SHELL }
    throw new Refusal(404, 'there is no such page')
  }
}

const PAGES = /^\/(?:live|records|record|compare|start)?$/

/** One page; which view it shows stands in its address. */
const SHELL = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>perfwright</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="app"><noscript>The dashboard needs JavaScript.</noscript></div>
<script src="/app.js" defer></script>
</body>
</html>
`

function script(): Reply {
  const file = join(packageRoot(), 'dist', 'web', 'dashboard.js')
  return { type: 'text/javascript; charset=utf-8', body: readFileSync(file) }
}

async function api(parts: Answering, asked: AskedFor, response: ServerResponse): Promise<Reply | undefined> {
  const [, , what = '', id = '', more = '', name = ''] = asked.path.split('/').map(decode)
  switch (what) {
    case 'info':
      return json({
        version: parts.version,
        run: parts.run?.hello.record ?? null,
        records: parts.shelf !== undefined,
        start: parts.starter !== undefined,
      } satisfies ServerInfo)
    case 'live':
      return await live(await sessionOf(parts, id), more, name, asked, response)
    case 'records':
      return json(await shelfOf(parts).list())
    case 'record':
      return json(await detail(parts, id))
    case 'compare': {
      mustNotLoad(parts)
      const shelf = shelfOf(parts)
      const of = async (key: string) => {
        const name = asked.query.get(key) ?? ''
        return { dir: await shelf.dirOf(name), row: await shelf.row(name) }
      }
      const { compareRecords } = await import('./compare.js')
      return json(await compareRecords(await of('a'), await of('b')))
    }
    case 'scripts':
      if (parts.starter === undefined) throw new Refusal(403, NO_START)
      return json(await parts.starter.scripts())
    default:
      throw new Refusal(404, 'there is no such answer')
  }
}

async function live(
  session: LiveSession,
  what: string,
  name: string,
  asked: AskedFor,
  response: ServerResponse,
): Promise<Reply | undefined> {
  const index = (key: string): number | undefined => {
    const text = asked.query.get(key)
    return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : undefined
  }
  const { model } = session
  switch (what) {
    case 'events': {
      const lastId = asked.lastEventId ?? asked.query.get('last') ?? undefined
      if (!session.feed.connect(response, lastId)) throw new Refusal(503, 'too many pages look at this run')
      if (session.isOver) session.feed.end()
      return undefined
    }
    case 'history':
      return json(model.historyData())
    case 'endpoint': {
      const found = model.endpoints.historyOf(index('index') ?? -1)
      if (found === undefined) throw new Refusal(404, 'there is no such endpoint')
      return json(found)
    }
    case 'sparks': {
      const wanted = (asked.query.get('index') ?? '').split(',').filter((text) => /^\d{1,6}$/.test(text))
      const points = wanted
        .slice(0, 100)
        .map((text) => [
          Number(text),
          model.endpoints.spark(Number(text), 60)?.map((value) => short(value ?? undefined)),
        ])
      return json(Object.fromEntries(points))
    }
    case 'distribution':
      return json(model.distribution(index('endpoint')) ?? null)
    case 'download':
      return {
        type: 'text/csv; charset=utf-8',
        body: downloadCsv(model, name.replace(/\.csv$/, '')),
        headers: { 'Content-Disposition': `attachment; filename="${name.replace(/[^a-z.]/g, '')}"` },
      }
    default:
      throw new Refusal(404, 'there is no such answer')
  }
}

async function change(parts: Answering, { path, body }: AskedFor): Promise<Reply> {
  const [, , what = '', id = '', more = ''] = path.split('/').map(decode)
  if (path === '/api/start') {
    if (parts.starter === undefined) throw new Refusal(403, NO_START)
    return json({ record: await parts.starter.start(startRequest(body)) })
  }
  if (what !== 'live') throw new Refusal(404, 'there is nothing to change')
  const session = await sessionOf(parts, id)
  if (more === 'control') {
    await session.control(controlRequest(body))
    return json(session.status())
  }
  if (more === 'annotate') {
    const text = fieldsOf(body)['text']
    if (typeof text !== 'string' || text.trim() === '') throw new Refusal(400, 'an annotation needs a text')
    session.annotate(text.trim().slice(0, 300))
    return json({})
  }
  throw new Refusal(404, 'there is nothing to change')
}

/** Pages and files that are made of a record. */
async function file(parts: Answering, { path }: AskedFor): Promise<Reply> {
  const [, , id = '', ...rest] = path.split('/').map(decode)
  const shelf = shelfOf(parts)
  const dir = await shelf.dirOf(id)
  mustNotLoad(parts)
  const [what = ''] = rest
  if (what === 'profiles') {
    const name = rest.slice(1).join('/')
    if (!(await shelf.profiles(id)).includes(name)) throw new Refusal(404, 'there is no such profile')
    const { readProfile } = await import('#profile/read/index.js')
    const { renderPage } = await import('#profile/page/render.js')
    const bytes = await wholeFile(join(dir, 'profiles', name))
    return { type: HTML, body: renderPage(await readProfile(bytes, name), `${id} ${name}`), policy: SANDBOX }
  }
  const format = /^report\.([a-z]+)$/.exec(what)?.[1] ?? ''
  if (!Object.hasOwn(reportFormats, format)) throw new Refusal(404, 'there is no report of this format')
  const text = renderReport(await readRecord(dir), format)
  if (format === 'html') return { type: HTML, body: text, policy: SANDBOX }
  return {
    type: TYPES[format] ?? 'text/plain; charset=utf-8',
    body: text,
    headers: {
      'Content-Disposition': `attachment; filename="${id.replace(/[^\w.-]/g, '_')}.${ENDS[format] ?? format}"`,
    },
  }
}

const HTML = 'text/html; charset=utf-8'
const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  junit: 'application/xml; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
}
/** Where the name of a format is not the end of its files' names. */
const ENDS: Readonly<Record<string, string>> = { junit: 'junit.xml' }

async function detail(parts: Answering, id: string): Promise<RecordDetail> {
  const shelf = shelfOf(parts)
  const row = await shelf.row(id)
  return {
    ...row,
    profiles: await shelf.profiles(id),
    live: parts.run?.hello.record === id || (row.problem === null && parts.follower !== undefined),
    formats: Object.keys(reportFormats),
  }
}

async function sessionOf(parts: Answering, id: string): Promise<LiveSession> {
  if (parts.run !== undefined && (id === 'run' || id === parts.run.hello.record)) return parts.run
  if (parts.follower === undefined || parts.shelf === undefined) throw new Refusal(404, 'there is no such run')
  return await parts.follower.session(id, await parts.shelf.dirOf(id))
}

function shelfOf({ shelf }: Answering): RecordShelf {
  if (shelf === undefined) throw new Refusal(404, 'there are no records here')
  return shelf
}

/** Making a report takes seconds of this process, which has a load to see to. */
function mustNotLoad({ run }: Answering): void {
  if (run !== undefined && !run.isOver)
    throw new Refusal(
      503,
      'reports are made when the run is over, or by "perfwright dashboard" in a process of its own',
    )
}

function controlRequest(body: unknown): ControlRequest {
  const { action, vus, max } = fieldsOf(body)
  if (action === 'stop' || action === 'pause' || action === 'resume') return { action }
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
  if (action !== 'scale' || !isCount(vus) || !(max === undefined || isCount(max)))
    throw new Refusal(400, 'control is stop, pause, resume, or scale with a whole number of VUs')
  return { action, vus, ...(max === undefined ? {} : { max }) }
}

function startRequest(body: unknown): StartRequest {
  const { script, name, vus, duration, iterations, env } = fieldsOf(body)
  if (typeof script !== 'string') throw new Refusal(400, 'which script?')
  const count = (value: unknown): boolean =>
    value === undefined || (Number.isSafeInteger(value) && (value as number) > 0)
  const text = (value: unknown, form: RegExp): boolean =>
    value === undefined || (typeof value === 'string' && form.test(value))
  if (!count(vus) || !count(iterations)) throw new Refusal(400, 'VUs and iterations are whole numbers')
  if (!text(duration, /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/)) throw new Refusal(400, 'a duration is as 30s or 1h15m')
  if (!text(name, /^[\w .-]{1,60}$/)) throw new Refusal(400, 'a name has letters, digits, spaces, dots and dashes')
  const variables = Object.entries(fieldsOf(env))
  if (
    variables.length > 50 ||
    !variables.every(([key, value]) => text(key, /^[a-zA-Z_]\w{0,60}$/) && text(value, /^[^\0]{0,2000}$/))
  )
    throw new Refusal(400, 'variables are NAME=VALUE, at most fifty')
  return { script, name, vus, duration, iterations, env: Object.fromEntries(variables) } as StartRequest
}

function fieldsOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : {}
}

async function wholeFile(path: string): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of nodeDisk.read(path)) {
    bytes += part.length
    if (bytes > MAX_PROFILE_BYTES) throw new Refusal(413, 'the profile is too large to be shown here')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

const MAX_PROFILE_BYTES = 64 << 20
const NO_START = 'runs are started from here only with --allow-start'

function json(value: unknown): Reply {
  return { type: 'application/json; charset=utf-8', body: JSON.stringify(value) }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Refusal(400, 'the address is not well formed')
  }
}
