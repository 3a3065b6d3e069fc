/**
 * Module `k6/browser`, over playwright-core and the system's Chromium. Source of the API: grafana.com/docs/k6,
 * "k6/browser"; checked against k6 1.8.
 */
import type { BrowserContext, BrowserType, Page } from 'playwright-core'
import type { ModuleFactory, VuScope } from '../../types.js'
import { realmObject } from '../encoding/go-values.js'
import { importOptional } from '../optional.js'
import { contextOptions } from './context-options.js'
import { createExtras } from './extras.js'
import { Handles } from './handles.js'
import { defineBrowserSamples } from './samples.js'
import { BrowserSession } from './session.js'
import { toRealm } from './values.js'

/** What the module needs of playwright. */
export interface BrowserLibrary {
  readonly chromium: BrowserType
  readonly devices: Readonly<Record<string, object>>
}

/** @throws PW_SCRIPT_MODULE_PACKAGE */
export async function loadBrowserModule(): Promise<ModuleFactory> {
  const library = await importOptional('k6/browser', 'playwright-core', () => import('playwright-core'))
  const { chromium, devices } = library.default
  await importOptional('k6/browser', 'web-vitals', () => import('web-vitals'))
  return (vu) => createBrowserModule(vu, { chromium, devices })
}

export function createBrowserModule(vu: VuScope, { chromium, devices }: BrowserLibrary): Record<string, unknown> {
  const samples = defineBrowserSamples(vu)
  const session = new BrowserSession(vu, chromium, samples)
  /** Of `chromium.connectOverCDP`, in this iteration. */
  const connected = new Set<BrowserSession>()
  const end = async (): Promise<void> => {
    await Promise.all([session, ...connected].map((each) => each.end()))
    connected.clear()
  }
  vu.iterationHooks = { before: () => session.begin(), after: end }
  vu.onClose(end)
  const exports = {
    browser: createBrowser(vu, session).browser,
    chromium: realmObject(vu.realm, {
      connectOverCDP: (endpoint: unknown) =>
        connect(vu, new BrowserSession(vu, chromium, samples), endpoint, connected),
    }),
    devices: toRealm(vu.realm, namedDevices(devices)),
    networkProfiles: toRealm(vu.realm, networkProfiles),
  }
  return { ...exports, default: realmObject(vu.realm, exports) }
}

function connect(
  vu: VuScope,
  session: BrowserSession,
  endpoint: unknown,
  connected: Set<BrowserSession>,
): Promise<unknown> {
  const { browser, handles } = createBrowser(vu, session)
  browser['close'] = () =>
    plainPromise(
      handles,
      async () => {
        connected.delete(session)
        await session.end()
      },
      () => null,
    )
  return plainPromise(
    handles,
    async () => {
      connected.add(session)
      await session
        .connect(endpoint === undefined || endpoint === null ? '' : String(endpoint))
        .catch((error: Error) => {
          throw new Error(`connecting to Chromium over CDP: ${error.message}`, { cause: error })
        })
    },
    () => browser,
  )
}

interface ScriptBrowser {
  readonly browser: Record<string, unknown>
  readonly handles: Handles
}

function createBrowser(vu: VuScope, session: BrowserSession): ScriptBrowser {
  const handles: Handles = new Handles(
    vu,
    createExtras(
      session,
      () => handles,
      () => browser,
    ),
  )
  /** What answers at once throws, as k6 does. */
  const now = <T>(read: () => T): T => {
    try {
      return read()
    } catch (error) {
      throw new vu.realm.GoError((error as Error).message)
    }
  }
  const asContext = (context: unknown): unknown => handles.wrap(context, 'BrowserContext')
  const browser: Record<string, unknown> = realmObject(vu.realm, {
    context: () => now(() => asContext(session.context)),
    isConnected: () => now(() => session.browser.isConnected()),
    version: () => now(() => session.browser.version()),
    userAgent: () => now(() => userAgent(session.browser.version())),
    newContext: (options: unknown) =>
      plainPromise(handles, () => session.newContext(contextOptions(handles.host(options))), asContext),
    newPage: (options: unknown) =>
      plainPromise(
        handles,
        async () => {
          let context: BrowserContext
          try {
            context = await session.newContext(contextOptions(handles.host(options)))
          } catch (error) {
            throw (error as Error).message.startsWith('browser not found')
              ? error
              : new Error(`new page: ${(error as Error).message}`, { cause: error })
          }
          return session.newPage(context)
        },
        (page) => handles.wrap(page as Page, 'Page'),
      ),
    closeContext: () =>
      plainPromise(
        handles,
        async () => {
          const { context } = session
          if (context === undefined) throw new Error('cannot close context as none is active in browser')
          await context.close()
        },
        () => null,
      ),
  })
  return { browser, handles }
}

/** Errors here are our own words already. */
function plainPromise(
  handles: Handles,
  work: () => Promise<unknown>,
  map: (value: unknown) => unknown,
): Promise<unknown> {
  const { vu } = handles
  const queue = vu.loop.register()
  return new vu.realm.Promise((resolve, reject) => {
    Promise.resolve()
      .then(work)
      .then(
        (value) => queue(() => resolve(map(value))),
        (error: Error) => queue(() => reject(handles.error(error.message.split('\nCall log:')[0] ?? ''))),
      )
  })
}

function userAgent(version: string): string {
  const major = version.split('.')[0] ?? ''
  return `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/${major}.0.0.0 Safari/537.36`
}

/** k6's devices carry their name. */
function namedDevices(devices: BrowserLibrary['devices']): Record<string, object> {
  return Object.fromEntries(Object.entries(devices).map(([name, device]) => [name, { name, ...device }]))
}

/** Bytes a second and milliseconds, as Chromium's developer tools have them. Source: docs, "page.throttleNetwork". */
const networkProfiles: Readonly<Record<string, object>> = {
  'No Throttling': { latency: 0, download: -1, upload: -1 },
  'Slow 3G': { latency: 2000, download: 50_000, upload: 50_000 },
  'Fast 3G': { latency: 562.5, download: 180_000, upload: 84_375 },
}
