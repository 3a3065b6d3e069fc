// http-instrumentation-pyroscope 1.0: baggage that names scenario and request, for labels in the target's profiles.
import exec from 'k6/execution'
import http from 'k6/http'
import { instrumented, withHeaders } from './shared/instrumented-http.js'

function baggage(url, _body, params) {
  const entries = {
    'k6.test_run_id': __ENV.K6_CLOUDRUN_TEST_RUN_ID,
    'k6.scenario': exec.scenario.name,
    'k6.name': params?.tags?.name ? params.tags.name : url,
  }
  return { baggage: Object.entries(entries).map(([name, value]) => `${name}=${value}`) }
}

export class Client {
  #request
  #asyncRequest

  constructor(generateHeaders, request = http.request, asyncRequest = http.asyncRequest) {
    this.generateHeaders = generateHeaders ?? baggage
    this.#request = request
    this.#asyncRequest = asyncRequest
  }

  request(method, url, ...args) {
    return this.#request(method, url, ...this.#instrument(url, args))
  }

  async asyncRequest(method, url, ...args) {
    return await this.#asyncRequest(method, url, ...this.#instrument(url, args))
  }

  /** A header that is there already keeps its values beside the new ones. */
  #instrument(url, args) {
    const added = this.generateHeaders(url, ...args)
    return withHeaders(args, (headers) => {
      const merged = { ...headers }
      for (const [name, value] of Object.entries(added)) merged[name] = [].concat(merged[name] ?? [], value)
      return merged
    })
  }

  del(url, ...args) {
    return this.request('DELETE', url, ...args)
  }
  get(url, ...args) {
    return this.request('GET', url, null, ...args)
  }
  head(url, ...args) {
    return this.request('HEAD', url, null, ...args)
  }
  options(url, ...args) {
    return this.request('OPTIONS', url, ...args)
  }
  patch(url, ...args) {
    return this.request('PATCH', url, ...args)
  }
  post(url, ...args) {
    return this.request('POST', url, ...args)
  }
  put(url, ...args) {
    return this.request('PUT', url, ...args)
  }
}

/** From here on k6/http itself sends the header. */
export function instrumentHTTP() {
  instrumented(http, new Client())
}

export default { Client, instrumentHTTP }
