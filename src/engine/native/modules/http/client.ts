/** What one VU's `k6/http` holds, and what its worker holds for all of them. */
import type { Options } from '#config/types.js'
import type { WireResponse } from '../../http1/types.js'
import type { VuScope } from '../../types.js'
import type { BareGet } from './bare-get.js'
import { CookieStore } from './cookie-jar.js'
import { type ExpectedStatuses, successStatuses } from './expected-statuses.js'
import type { Pages } from './response-html.js'
import { rawHeader } from './headers.js'
import { Failures } from './failures.js'
import { Inputs, INPUTS } from './inputs.js'
import { Samples } from './samples.js'
import { Targets } from './targets.js'
import { isRedirect } from './status.js'

export class HttpShared {
  readonly options: Options
  readonly targets: Targets
  readonly samples: Samples
  readonly failures: Failures = new Failures()
  readonly inputs: Inputs
  /** The run has no tighter limit than k6's default, so that the redirect warning names the way to silence it. */
  readonly defaultRedirects: boolean

  constructor(options: Options, inputs: Inputs) {
    this.options = options
    this.inputs = inputs
    this.targets = new Targets(options)
    this.samples = new Samples(options)
    this.defaultRedirects = options.maxRedirects === 10
  }

  #lastRaw: readonly string[] | undefined
  #lastPlain = false

  /** An answer with nothing to follow, keep or unpack. The transport shares header arrays, so most are known by identity. */
  isSimple(wire: WireResponse): boolean {
    const { status } = wire
    if (wire.errorCode !== 0 || status < 200 || isRedirect(status)) return false
    if (wire.rawHeaders === this.#lastRaw) return this.#lastPlain
    this.#lastRaw = wire.rawHeaders
    this.#lastPlain =
      rawHeader(wire.rawHeaders, 'set-cookie') === undefined &&
      rawHeader(wire.rawHeaders, 'content-encoding') === undefined
    return this.#lastPlain
  }
}

export class HttpClient {
  readonly vu: VuScope
  readonly pages: Pages
  /** Undefined = `setResponseCallback(null)`: requests neither fail nor succeed. */
  callback: ExpectedStatuses | undefined = successStatuses
  #shared: HttpShared | undefined
  #bareGet: BareGet | undefined
  readonly #makeBareGet: (client: HttpClient) => BareGet

  constructor(vu: VuScope, pages: Pages, makeBareGet: (client: HttpClient) => BareGet) {
    this.vu = vu
    this.pages = pages
    this.#makeBareGet = makeBareGet
  }

  /** The VU's `http.get(url)`, made on first use. */
  get bareGet(): BareGet {
    return (this.#bareGet ??= this.#makeBareGet(this))
  }

  // Options are final only after the init context.
  get shared(): HttpShared {
    return (this.#shared ??= this.vu.shared(
      'k6/http',
      () =>
        new HttpShared(
          this.vu.options,
          this.vu.shared(INPUTS, () => new Inputs()),
        ),
    ))
  }

  /** The VU's jar, made on first use. */
  get jar(): CookieStore {
    return (this.vu.cookieJar ??= new CookieStore())
  }
}
