/** The browser of one VU: started before an iteration that asks for one, ended after it, with the context that is open. */
import type { Browser, BrowserContext, BrowserContextOptions, BrowserType, CDPSession, Page } from 'playwright-core'
import type { VuScope } from '../../types.js'
import { connectBrowser, type LaunchedBrowser, launchBrowser, wantsBrowser } from './launch.js'
import { PageMeasure } from './measure.js'
import type { BrowserSamples } from './samples.js'

const notFound =
  'browser not found in registry. make sure to set browser type option in scenario definition in order to use the browser module'

export class BrowserSession {
  readonly #vu: VuScope
  readonly #chromium: BrowserType
  readonly #samples: BrowserSamples
  #launched: LaunchedBrowser | undefined
  #context: BrowserContext | undefined
  #measure: PageMeasure | undefined
  #ended: Promise<void> | undefined
  readonly #sessions = new WeakMap<Page, Promise<CDPSession>>()

  constructor(vu: VuScope, chromium: BrowserType, samples: BrowserSamples) {
    this.#vu = vu
    this.#chromium = chromium
    this.#samples = samples
  }

  /** Before an iteration. A browser that does not start ends the test, as in k6. */
  async begin(): Promise<void> {
    if (!wantsBrowser(this.#vu)) return
    try {
      this.#launched = await launchBrowser(this.#vu, this.#chromium)
    } catch (error) {
      const { message } = error as Error
      this.#vu.abort(`error building browser on IterStart: ${message.split('\nCall log:')[0] ?? ''}`)
    }
    this.#begun()
  }

  /** Instead of a browser of its own: one that runs already. @throws Error */
  async connect(endpoint: string): Promise<void> {
    this.#launched = await connectBrowser(this.#vu, this.#chromium, endpoint)
    this.#begun()
  }

  /** After an iteration, and at the end of the VU. */
  end(): Promise<void> {
    return (this.#ended ??= this.#end())
  }

  /** @throws Error in k6's words when the scenario has no browser */
  get browser(): Browser {
    if (this.#launched === undefined) throw new Error(notFound)
    return this.#launched.browser
  }

  get measure(): PageMeasure {
    if (this.#measure === undefined) throw new Error(notFound)
    return this.#measure
  }

  get context(): BrowserContext | undefined {
    // For its error: a browser must be there.
    void this.browser
    return this.#context
  }

  /** @throws Error in k6's words: one context at a time */
  async newContext(options: BrowserContextOptions): Promise<BrowserContext> {
    const { browser } = this
    if (this.#context !== undefined) {
      throw new Error('existing browser context must be closed before creating a new one')
    }
    const context = await browser.newContext(options)
    this.#context = context
    context.on('close', () => {
      if (this.#context === context) this.#context = undefined
    })
    const timeoutMs = this.#launched?.timeoutMs
    if (timeoutMs !== undefined) context.setDefaultTimeout(timeoutMs)
    const testRunId = this.#vu.environment()['K6_CLOUD_PUSH_REF_ID'] ?? ''
    await context.addInitScript({ content: `window.k6 = { testRunId: ${JSON.stringify(testRunId)} }` })
    await this.measure.follow(context)
    return context
  }

  async newPage(context: BrowserContext): Promise<Page> {
    const page = await context.newPage()
    await this.measure.ready(page)
    return page
  }

  /** A channel to Chromium for what playwright has no method for. */
  cdp(page: Page): Promise<CDPSession> {
    let session = this.#sessions.get(page)
    if (session === undefined) this.#sessions.set(page, (session = page.context().newCDPSession(page)))
    return session
  }

  #begun(): void {
    this.#measure = new PageMeasure(this.#vu, this.#samples)
    this.#ended = undefined
  }

  async #end(): Promise<void> {
    this.#measure?.end()
    this.#context = undefined
    const launched = this.#launched
    this.#launched = undefined
    // Playwright waits for its process and kills what does not go by itself; from a running browser it only takes leave.
    await launched?.browser.close().catch(() => {})
  }
}
