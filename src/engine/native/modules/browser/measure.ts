/** Turns what happens in the pages of one context into samples, for as long as the iteration lasts. */
import type { BrowserContext, Page } from 'playwright-core'
import type { VuScope } from '../../types.js'
import { followNetwork } from './network.js'
import { addAnswered, addSent, addVital, type BrowserSamples } from './samples.js'
import { followVitals } from './vitals.js'

/** A function of the script that may give a metric another name: `page.on('metric', handler)`. */
export type MetricNamer = (url: string, method: string) => string | undefined

export class PageMeasure {
  readonly #vu: VuScope
  readonly #samples: BrowserSamples
  readonly #namers = new WeakMap<Page, MetricNamer[]>()
  readonly #followed = new WeakMap<Page, Promise<void>>()
  #isOver = false

  constructor(vu: VuScope, samples: BrowserSamples) {
    this.#vu = vu
    this.#samples = samples
  }

  /** Everything that the context's pages do from now on. */
  async follow(context: BrowserContext): Promise<void> {
    context.on('page', (page) => void this.ready(page))
    await followVitals(context, (page, vital) => {
      // Chromium's own page about a failed navigation is nobody's page.
      if (vital.url.startsWith('chrome-error:')) return
      this.#named(page, vital.url, 'GET', (name) => addVital(this.#vu, this.#samples, vital, name))
    })
  }

  /** Resolves when no request of the page can be missed any more. */
  ready(page: Page): Promise<void> {
    let done = this.#followed.get(page)
    if (done === undefined) {
      done = this.#followPage(page)
      this.#followed.set(page, done)
    }
    return done
  }

  addNamer(page: Page, namer: MetricNamer): void {
    const namers = this.#namers.get(page)
    if (namers === undefined) this.#namers.set(page, [namer])
    else namers.push(namer)
  }

  /** Nothing is measured after the iteration, as in k6. */
  end(): void {
    this.#isOver = true
  }

  async #followPage(page: Page): Promise<void> {
    try {
      const session = await page.context().newCDPSession(page)
      await followNetwork(session, {
        sent: (exchange) =>
          this.#named(page, exchange.url, exchange.method, (name) => addSent(this.#vu, this.#samples, exchange, name)),
        answered: (exchange) =>
          this.#named(page, exchange.url, exchange.method, (name) =>
            addAnswered(this.#vu, this.#samples, exchange, exchange.answer, name),
          ),
      })
    } catch {
      // The page went before it could be followed.
    }
  }

  #named(page: Page, url: string, method: string, add: (name: string | undefined) => void): void {
    if (this.#isOver) return
    const namers = this.#namers.get(page)
    if (namers === undefined) return add(undefined)
    // The names are given by functions of the script, which run on its loop.
    this.#vu.loop.register()(() => {
      let name: string | undefined
      for (const namer of namers) name = namer(url, method) ?? name
      add(name)
    })
  }
}
