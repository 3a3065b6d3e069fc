/**
 * The browser of one iteration: which Chromium, with which arguments. Settings come from the K6_BROWSER_* variables of
 * the script's environment. Source: grafana.com/docs/k6, "Browser options".
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Browser, BrowserType } from 'playwright-core'
import { parseGoDuration } from '#base/duration.js'
import type { VuScope } from '../../types.js'

export interface LaunchedBrowser {
  readonly browser: Browser
  /** Milliseconds; playwright's default when undefined. */
  readonly timeoutMs: number | undefined
}

/** A running Chromium, by the address of its developer tools. @throws Error in k6's words */
export async function connectBrowser(vu: VuScope, chromium: BrowserType, endpoint: string): Promise<LaunchedBrowser> {
  if (endpoint.trim() === '') throw new Error('WebSocket endpoint cannot be empty')
  const invalid = `invalid WebSocket endpoint ${JSON.stringify(endpoint)}: `
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(endpoint)?.[1] ?? ''
  if (scheme !== 'ws' && scheme !== 'wss')
    throw new Error(`${invalid}scheme must be ws or wss, got ${JSON.stringify(scheme)}`)
  if (!URL.canParse(endpoint) || new URL(endpoint).hostname === '') throw new Error(`${invalid}host is missing`)
  const timeoutMs = duration(vu.environment(), 'K6_BROWSER_TIMEOUT')
  return { browser: await chromium.connectOverCDP(endpoint, { timeout: timeoutMs ?? 30_000 }), timeoutMs }
}

type Env = Readonly<Record<string, string | undefined>>

/** Whether the scenario asks for a browser. */
export function wantsBrowser(vu: VuScope): boolean {
  return browserOptions(vu) !== undefined
}

/** @throws Error in k6's words */
export async function launchBrowser(vu: VuScope, chromium: BrowserType): Promise<LaunchedBrowser> {
  const type = browserOptions(vu)?.['type']
  const parsing = 'initializing browser type: error parsing browser options: '
  if (type === undefined || type === null) throw new Error(`${parsing}browser type option must be set`)
  if (type !== 'chromium') throw new Error(`${parsing}unsupported browser type: ${String(type)}`)
  const env = vu.environment()
  const headless = flag(env, 'K6_BROWSER_HEADLESS', true)
  const timeoutMs = duration(env, 'K6_BROWSER_TIMEOUT')
  const endpoints = list(env, 'K6_BROWSER_WS_URL')
  if (endpoints.length > 0) {
    const endpoint = endpoints[vu.id % endpoints.length] as string
    return connectBrowser(vu, chromium, endpoint)
  }
  const args = list(env, 'K6_BROWSER_ARGS').map((arg) => (arg.startsWith('--') ? arg : `--${arg}`))
  const ignored = list(env, 'K6_BROWSER_IGNORE_DEFAULT_ARGS').map((arg) => (arg.startsWith('--') ? arg : `--${arg}`))
  // Chromium's sandbox refuses to work for root.
  const noSandbox = args.includes('--no-sandbox') || process.getuid?.() === 0
  const browser = await chromium.launch({
    executablePath: findChromium(env),
    headless,
    args: [...args.filter((arg) => arg !== '--no-sandbox'), ...resolverRules(vu)],
    chromiumSandbox: !noSandbox,
    ...(ignored.length > 0 ? { ignoreDefaultArgs: ignored } : {}),
    timeout: timeoutMs ?? 30_000,
    // Signals are the run's own business: it closes every browser at its end.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  })
  return { browser, timeoutMs }
}

/** Paths where a Chromium may be, by the names that k6 looks for. */
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'chrome-browser']
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
]

/** @throws Error in k6's words */
export function findChromium(env: Env): string {
  const given = env['K6_BROWSER_EXECUTABLE_PATH']
  if (given !== undefined && given !== '') {
    if (isExecutable(given)) return given
    throw new Error(
      `finding browser executable: k6 couldn't detect google chrome or a chromium-supported browser on the given path: ${given}`,
    )
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = [...names.flatMap((name) => folders.map((folder) => join(folder, name))), ...places].find(isExecutable)
  if (found !== undefined) return found
  throw new Error(
    "finding browser executable: k6 couldn't detect google chrome or a chromium-supported browser on this system; install Chromium (apt-get install chromium) or name it in K6_BROWSER_EXECUTABLE_PATH",
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function browserOptions(vu: VuScope): Readonly<Record<string, unknown>> | undefined {
  const options = vu.scenario?.config.options['browser']
  return typeof options === 'object' && options !== null ? (options as Record<string, unknown>) : undefined
}

/** The run's `hosts` and `blockHostnames` for Chromium, which resolves names by itself. */
function resolverRules(vu: VuScope): string[] {
  const { hosts, blockHostnames, refusedHosts, onlyHosts } = vu.options
  const rules = [
    ...blockHostnames.map((pattern) => `MAP ${pattern} ~NOTFOUND`),
    ...Object.entries(hosts).map(([name, to]) => `MAP ${name} ${to}`),
    ...refusedHosts.map(({ pattern }) => `MAP ${pattern} ~NOTFOUND`),
    ...(onlyHosts.length === 0 ? [] : ['MAP * ~NOTFOUND', ...onlyHosts.map((pattern) => `EXCLUDE ${pattern}`)]),
  ]
  return rules.length === 0 ? [] : [`--host-resolver-rules=${rules.join(', ')}`]
}

function list(env: Env, name: string): string[] {
  return (env[name] ?? '').split(',').filter((item) => item !== '')
}

function flag(env: Env, name: string, fallback: boolean): boolean {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  if (/^(1|t|true)$/i.test(text)) return true
  if (/^(0|f|false)$/i.test(text)) return false
  throw new Error(`initializing browser type: error parsing browser options: ${name} should be a boolean`)
}

function duration(env: Env, name: string): number | undefined {
  const text = env[name]
  if (text === undefined || text === '') return undefined
  const parsed = /^\d+$/.test(text) ? { ns: Number(text) * 1e6 } : parseGoDuration(text)
  if ('error' in parsed) {
    throw new Error(
      `initializing browser type: error parsing browser options: ${name} should be a time duration value: ${parsed.error}`,
    )
  }
  return parsed.ns / 1e6
}
