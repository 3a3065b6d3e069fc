/** Members of pages, contexts and messages that take functions of the script, or that playwright does not have. */
import type { BrowserContext, ConsoleMessage, Frame, Page, Request, Response, Route } from 'playwright-core'
import { realmObject } from '../encoding/go-values.js'
import { type Handles, initScript } from './handles.js'
import { requestBytes } from './network.js'
import type { BrowserSession } from './session.js'
import type { Kind } from './surface.js'
import { flushVitals } from './vitals.js'

type Members = Record<string, unknown>
type Extras = Partial<Record<Kind, (raw: never, wrapped: Members) => Members>>

/** `handles` is asked late: the two need each other. */
export function createExtras(session: BrowserSession, handles: () => Handles, browser: () => object): Extras {
  return {
    Page: (page: Page) => pageExtras(page, session, handles()),
    Frame: (frame: Frame) => ({
      // k6 and playwright differ in the order of arguments only where functions are concerned.
      waitForURL: (url: unknown, options: unknown) =>
        handles().promise(
          () => frame.waitForURL(urlMatch(handles(), url), handles().host(options) as object),
          () => null,
          ['waitForURL', String(url)],
        ),
    }),
    BrowserContext: (context: BrowserContext) => ({
      browser,
      ...contextExtras(context, session, handles()),
    }),
    Request: (request: Request) => requestExtras(request, handles()),
    Response: (response: Response) => ({
      size: () =>
        handles().promise(
          () => response.request().sizes(),
          (sizes) => {
            const { responseBodySize, responseHeadersSize } = sizes as Awaited<ReturnType<Request['sizes']>>
            return realmObject(handles().vu.realm, { body: responseBodySize, headers: responseHeadersSize })
          },
          ['size'],
        ),
    }),
    // k6 has the older spelling.
    Mouse: (_: unknown, wrapped: Members) => ({ dblClick: wrapped['dblclick'] }),
  } as Extras
}

function pageExtras(page: Page, session: BrowserSession, handles: Handles): Members {
  const cdp = (method: string, params: object): Promise<unknown> =>
    handles.promise(
      async () => (await session.cdp(page)).send(method as 'Emulation.setCPUThrottlingRate', params as never),
      () => null,
      [method],
    )
  return {
    on: (event: unknown, handler: unknown) => pageOn(page, String(event), handler, session, handles),
    close: () =>
      handles.promise(
        async () => {
          await flushVitals(page)
          await page.close()
        },
        () => null,
        ['close'],
      ),
    route: (url: unknown, handler: unknown) => {
      const run = handles.callback(handler, (route) => handles.wrap(route, 'Route'))
      return handles.promise(
        () => page.route(urlMatch(handles, url) as string, async (route: Route) => void (await run(route))),
        () => null,
        ['route', String(url)],
      )
    },
    unroute: (url: unknown) =>
      handles.promise(
        () => page.unroute(urlMatch(handles, url) as string),
        () => null,
        ['unroute', String(url)],
      ),
    unrouteAll: () =>
      handles.promise(
        () => page.unrouteAll(),
        () => null,
        ['unrouteAll'],
      ),
    waitForEvent: (event: unknown, options: unknown) => {
      const kind = eventKinds[String(event)]
      if (kind === undefined) throw new handles.vu.realm.GoError(`unknown page event: ${JSON.stringify(String(event))}`)
      return handles.promise(
        () => page.waitForEvent(event as 'console', predicate(handles, options, kind) as never),
        (value) => handles.wrap(value, kind),
        ['waitForEvent', String(event)],
      )
    },
    waitForURL: (url: unknown, options: unknown) =>
      handles.promise(
        () => page.waitForURL(urlMatch(handles, url), handles.host(options) as object),
        () => null,
        ['waitForURL', String(url)],
      ),
    throttleCPU: (profile: unknown) =>
      cdp('Emulation.setCPUThrottlingRate', { rate: Number((profile as { rate?: unknown } | null)?.rate ?? 1) }),
    throttleNetwork: (profile: unknown) => {
      const { latency = 0, download = -1, upload = -1 } = (handles.host(profile) ?? {}) as Record<string, number>
      return cdp('Network.emulateNetworkConditions', {
        offline: false,
        latency,
        downloadThroughput: download,
        uploadThroughput: upload,
      })
    },
    emulateVisionDeficiency: (type: unknown) => cdp('Emulation.setEmulatedVisionDeficiency', { type: String(type) }),
    waitForNavigation: (options: unknown) => {
      const { url, ...rest } = (handles.host(options) ?? {}) as { url?: string | RegExp }
      return handles.promise(
        () => page.waitForNavigation({ ...rest, ...(url === undefined ? {} : { url }) }),
        (value) => handles.wrap(value, 'Response'),
        ['waitForNavigation'],
      )
    },
  }
}

/** Events of `page.on` and `page.waitForEvent`, and what their handlers get. */
const eventKinds: Readonly<Record<string, Kind>> = {
  console: 'ConsoleMessage',
  request: 'Request',
  requestfailed: 'Request',
  requestfinished: 'Request',
  response: 'Response',
}

function pageOn(page: Page, event: string, handler: unknown, session: BrowserSession, handles: Handles): void {
  const { realm } = handles.vu
  if (typeof handler !== 'function') throw new realm.TypeError('The "listener" argument must be a function')
  if (event === 'metric') {
    session.measure.addNamer(page, (url, method) => askNamer(handles, handler as (metric: object) => void, url, method))
    return
  }
  const kind = eventKinds[event]
  if (kind === undefined) throw new realm.GoError(`unknown page on event: ${JSON.stringify(event)}`)
  const run = handles.callback(handler, (value) => handles.wrap(value, kind))
  page.on(event as 'console', (value: ConsoleMessage) => {
    if (kind !== 'ConsoleMessage' || isByPage(value)) void run(value).catch(() => {})
  })
}

/** By a call of `console`, not a note of Chromium's own (a failed request), which k6 does not have. */
function isByPage(message: ConsoleMessage): boolean {
  return message.args().length > 0 || message.text() === ''
}

interface TagMatches {
  readonly name?: unknown
  readonly matches?: readonly { readonly url?: unknown; readonly method?: unknown }[]
}

/** Runs one handler of `page.on('metric')` for one metric; answers the name that it gives, if any. */
function askNamer(
  handles: Handles,
  handler: (metric: object) => void,
  url: string,
  method: string,
): string | undefined {
  const { realm } = handles.vu
  let found: string | undefined
  const tag = (matches: TagMatches): void => {
    const name = String(matches?.name ?? '').trim()
    if (name === '') throw new realm.GoError('name is required')
    if (!Array.isArray(matches.matches)) throw new realm.GoError('matches is required')
    const { matches: all } = handles.host(matches) as { matches: { url?: unknown; method?: unknown }[] }
    for (const { url: pattern, method: only } of all) {
      if (!(pattern instanceof RegExp)) throw new realm.GoError('url is required')
      const fits = only === undefined || only === null || String(only).toUpperCase() === method.toUpperCase()
      if (fits && pattern.test(url)) found = name
    }
  }
  handler(realmObject(realm, { tag }))
  return found
}

function contextExtras(context: BrowserContext, session: BrowserSession, handles: Handles): Members {
  return {
    newPage: () =>
      handles.promise(
        () => session.newPage(context),
        (page) => handles.wrap(page, 'Page'),
        ['newPage'],
      ),
    addInitScript: (script: unknown) =>
      handles.promise(
        () => context.addInitScript({ content: initScript(script) }),
        () => null,
        ['addInitScript'],
      ),
    cookies: (...urls: unknown[]) => {
      const list = urls.flat().map(String)
      return handles.promise(
        () => (list.length === 0 ? context.cookies() : context.cookies(list)),
        (cookies) => {
          const { realm } = handles.vu
          const items = (cookies as object[]).map((cookie) => realmObject(realm, { ...cookie, url: '' }))
          return items.reduce<unknown[]>((all, item) => (all.push(item), all), new realm.Array())
        },
        ['cookies'],
      )
    },
    waitForEvent: (event: unknown, options: unknown) => {
      if (event !== 'page') {
        const text = `incorrect event ${JSON.stringify(String(event))}, "page" is the only event supported`
        return handles.vu.realm.Promise.reject(handles.error(text))
      }
      return handles.promise(
        async () => {
          const page = await context.waitForEvent('page', predicate(handles, options, 'Page') as never)
          await session.measure.ready(page)
          return page
        },
        (page) => handles.wrap(page, 'Page'),
        ['waitForEvent', 'page'],
      )
    },
  }
}

function requestExtras(request: Request, handles: Handles): Members {
  return {
    // At once, as in k6; playwright would have to wait for it.
    size: () => {
      const body = Buffer.byteLength(request.postData() ?? '')
      const whole = requestBytes({
        url: request.url(),
        method: request.method(),
        headers: request.headers(),
        postData: request.postData() ?? '',
      })
      return realmObject(handles.vu.realm, { body, headers: whole - body })
    },
    resourceType: () => chromiumResourceType(request.resourceType()),
  }
}

/** Playwright writes Chromium's types in small letters; k6 as Chromium does. */
function chromiumResourceType(type: string): string {
  const odd: Readonly<Record<string, string>> = {
    xhr: 'XHR',
    texttrack: 'TextTrack',
    eventsource: 'EventSource',
    websocket: 'WebSocket',
    cspreport: 'CSPViolationReport',
  }
  return odd[type] ?? `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`
}

/** Options of a wait for an event: a function alone, or `{ predicate, timeout }`. */
function predicate(handles: Handles, options: unknown, kind: Kind): object {
  const given = typeof options === 'function' ? { predicate: options } : ((options ?? {}) as Record<string, unknown>)
  const { predicate: fn, timeout } = given as { predicate?: unknown; timeout?: number }
  return {
    ...(timeout === undefined ? {} : { timeout }),
    ...(typeof fn === 'function' ? { predicate: handles.callback(fn, (value) => handles.wrap(value, kind)) } : {}),
  }
}

/** An address to wait for: text (exact or a pattern) or a regular expression. */
function urlMatch(handles: Handles, url: unknown): string | RegExp {
  const match = handles.host(url)
  return match instanceof RegExp ? match : String(match)
}
