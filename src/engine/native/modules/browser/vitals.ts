/**
 * Web vitals of a page: Google's own library runs in every page and tells of each value by a function that the context
 * exposes. What is only known when a page goes (CLS, LCP, INP) is asked for before it is closed.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'

export interface WebVital {
  /** CLS, FCP, FID, INP, LCP or TTFB. */
  readonly name: string
  readonly value: number
  readonly rating: string
  readonly url: string
}

const channel = '__perfwrightWebVital'

/** @param onVital  told of each value, with the page that it comes from */
export async function followVitals(
  context: BrowserContext,
  onVital: (page: Page, vital: WebVital) => void,
): Promise<void> {
  await context.exposeBinding(channel, ({ page }, sent: unknown) => {
    const vital = parseVital(sent)
    if (vital !== undefined) onVital(page, vital)
  })
  await context.addInitScript({ content: `${library()}\n;${reporter}` })
}

/** Makes the page tell what it would tell when it is hidden. Never fails: a page that is gone has nothing to tell. */
export async function flushVitals(page: Page): Promise<void> {
  await page.evaluate(hidePage).catch(() => {})
}

// The library reports when a page is hidden; the message lets it do so in a task of its own.
const hidePage = `new Promise((resolve) => {
  Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
  window.dispatchEvent(new Event('pagehide'))
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = resolve
  port2.postMessage(0)
}).then(() => undefined)`

// FID is not in the library any more, but k6 v1 has it: the delay of the first input (web.dev/articles/fid).
const reporter = `(() => {
  const send = (name, value, rating) => globalThis.${channel}({ name, value, rating, url: location.href })
  const tell = ({ name, value, rating }) => send(name, value, rating)
  for (const follow of ['onCLS', 'onLCP', 'onFCP', 'onINP', 'onTTFB']) webVitals[follow](tell)
  try {
    new PerformanceObserver((list) => {
      for (const { processingStart, startTime } of list.getEntries()) {
        const value = processingStart - startTime
        send('FID', value, value <= 100 ? 'good' : value <= 300 ? 'needs-improvement' : 'poor')
      }
    }).observe({ type: 'first-input', buffered: true })
  } catch {}
})()`

let source: string | undefined

function library(): string {
  if (source === undefined) {
    const main = createRequire(import.meta.url).resolve('web-vitals')
    // Kept from the page: its own copy of the library must not meet ours.
    source = `const webVitals = (() => { ${readFileSync(join(dirname(main), 'web-vitals.iife.js'), 'utf8')}; return webVitals })();`
  }
  return source
}

/** The page can call the function too, with anything. */
function parseVital(sent: unknown): WebVital | undefined {
  if (typeof sent !== 'object' || sent === null) return undefined
  const { name, value, rating, url } = sent as Record<string, unknown>
  if (typeof name !== 'string' || typeof value !== 'number' || !Number.isFinite(value)) return undefined
  if (typeof rating !== 'string' || typeof url !== 'string') return undefined
  return { name, value, rating: rating.slice(0, 32), url: url.slice(0, 8192) }
}
