/** k6's REST API v1, request by request, without the network. */
import { PerfwrightError } from '#base/errors.js'
import { errorJson, groupJson, groupsJson, metricJson, metricsJson, setupJson, statusJson } from './json-api.js'
import { goSyntaxError, readStatusPatch } from './status-patch.js'
import type { ControlSurface } from './surface.js'

export interface Reply {
  readonly status: number
  /** Undefined without a body. */
  readonly type: string | undefined
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** @param path  of the URL, still percent-encoded */
export async function answer(method: string, path: string, body: string, surface: ControlSurface): Promise<Reply> {
  if (path.startsWith('/debug/pprof'))
    return text(200, 'Profiles of the native engine are not served here; perfwright profile takes them.')
  // k6 answers so to everything beside its API: a sign of life.
  if (!path.startsWith('/v1/')) return text(200, 'ok')
  const [, , collection = '', id, more] = path.split('/')
  if (more !== undefined || id === '') return notFound()
  const route = `${collection}${id === undefined ? '' : '/:id'}`
  const methods = Object.hasOwn(METHODS, route) ? METHODS[route] : undefined
  if (methods === undefined) return notFound()
  if (!methods.includes(method)) return { status: 405, type: undefined, body: '' }
  switch (route) {
    case 'status':
      return method === 'GET' ? json(200, statusJson(surface.control.status())) : await patchStatus(body, surface)
    case 'metrics':
      return plain(200, metricsJson(surface.measured(), surface.elapsedS()))
    case 'metrics/:id':
      return found(
        metricJson(surface.measured(), decode(id ?? ''), surface.elapsedS()),
        'No metric with that ID was found',
      )
    case 'groups':
      return plain(200, groupsJson(surface.measured()))
    case 'groups/:id':
      return found(groupJson(surface.measured(), decode(id ?? '')), 'No group with that ID was found')
    case 'setup':
      return await setup(method, body, surface)
    default:
      return await teardown(surface)
  }
}

const METHODS: Readonly<Record<string, readonly string[]>> = {
  status: ['GET', 'PATCH'],
  metrics: ['GET'],
  'metrics/:id': ['GET'],
  groups: ['GET'],
  'groups/:id': ['GET'],
  setup: ['GET', 'PUT', 'POST'],
  teardown: ['POST'],
}

async function patchStatus(body: string, { control }: ControlSurface): Promise<Reply> {
  const patch = readStatusPatch(body)
  if (typeof patch === 'string') return json(400, errorJson(400, 'Invalid data', patch))
  if (patch.stopped) {
    control.stop()
    return json(200, statusJson({ ...control.status(), stopped: true }))
  }
  if (patch.paused !== undefined) {
    try {
      await (patch.paused ? control.pause() : control.resume())
    } catch (error) {
      return json(500, errorJson(500, 'Pause error', reasonOf(error)))
    }
  }
  if (patch.vus !== undefined || patch.vusMax !== undefined) {
    try {
      await control.scale({
        ...(patch.vus === undefined ? {} : { vus: patch.vus }),
        ...(patch.vusMax === undefined ? {} : { max: patch.vusMax }),
      })
    } catch (error) {
      const reason = reasonOf(error)
      return reason.startsWith('invalid configuration')
        ? json(400, errorJson(400, 'Config update error', reason))
        : json(500, errorJson(500, 'Execution config error', reason))
    }
  }
  return json(200, statusJson(control.status()))
}

async function setup(method: string, body: string, { control }: ControlSurface): Promise<Reply> {
  if (method === 'PUT') {
    if (body.trim() !== '') {
      try {
        JSON.parse(body)
      } catch {
        return plain(400, errorJson(400, 'Error parsing request body', goSyntaxError(body)))
      }
    }
    control.setSetupData(body.trim() === '' ? undefined : body)
  } else if (method === 'POST') {
    try {
      await control.runSetup()
    } catch (error) {
      return plain(500, errorJson(500, 'Error executing setup', reasonOf(error)))
    }
  }
  return { status: 200, type: 'application/json', body: setupJson(control.setupData) }
}

async function teardown({ control }: ControlSurface): Promise<Reply> {
  try {
    await control.runTeardown()
  } catch (error) {
    return plain(500, errorJson(500, 'Error executing teardown', reasonOf(error)))
  }
  return { status: 200, type: undefined, body: '' }
}

function found(body: string | undefined, detail: string): Reply {
  return body === undefined ? plain(404, errorJson(404, 'Not Found', detail)) : plain(200, body)
}

function reasonOf(error: unknown): string {
  if (error instanceof PerfwrightError || error instanceof Error) return error.message
  return String(error)
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}

function json(status: number, body: string): Reply {
  return { status, type: 'application/json; charset=utf-8', body }
}

/** k6 names no type for these, so that Go says plain text. */
function plain(status: number, body: string): Reply {
  return { status, type: 'text/plain; charset=utf-8', body }
}

function text(status: number, body: string): Reply {
  return plain(status, body)
}

function notFound(): Reply {
  return { ...plain(404, '404 page not found\n'), headers: { 'X-Content-Type-Options': 'nosniff' } }
}
