// httpx 0.0.1 to 0.1.0: a session with a base URL, headers and tags of its own around k6/http.
import http from 'k6/http'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']

export class Request {
  constructor(method, url, params) {
    const { body, ...others } = params ?? {}
    this.method = method
    this.url = url
    this.body = body || null
    this.params = others
    if (isTemplate(url)) {
      this.url = url.url
      this.addTag('name', url.name)
    }
  }

  addHeader(name, value) {
    this.params.headers = { ...this.params.headers, [name]: value }
    return this
  }

  addTag(name, value) {
    this.params.tags = { ...this.params.tags, [name]: value }
    return this
  }
}

export class Get extends Request {
  constructor(url, params) {
    super('GET', url, params)
  }
}
export class Head extends Request {
  constructor(url, params) {
    super('HEAD', url, params)
  }
}
export class Post extends Request {
  constructor(url, params) {
    super('POST', url, params)
  }
}
export class Put extends Request {
  constructor(url, params) {
    super('PUT', url, params)
  }
}
export class Delete extends Request {
  constructor(url, params) {
    super('DELETE', url, params)
  }
}
export class Connect extends Request {
  constructor(url, params) {
    super('CONNECT', url, params)
  }
}
export class Options extends Request {
  constructor(url, params) {
    super('OPTIONS', url, params)
  }
}
export class Trace extends Request {
  constructor(url, params) {
    super('TRACE', url, params)
  }
}
export class Patch extends Request {
  constructor(url, params) {
    super('PATCH', url, params)
  }
}

export class Httpx {
  constructor(options = {}) {
    const {
      baseURL = '',
      errorMetric = null,
      errorMetricCondition = (response) => response.status >= 200 && response.status <= 399,
      headers = {},
      tags = {},
      ...others
    } = options
    this.baseURL = baseURL
    this.errorMetric = errorMetric
    this.errorMetricCondition = errorMetricCondition
    this.k6params = { headers, tags, ...others }
    this.lastRequest = { responseObject: null, responseChainDuration: null }
  }

  /** Milliseconds that the last request took, redirects included. */
  get lastRequestChainDuration() {
    return this.lastRequest.responseChainDuration
  }

  setBaseUrl(baseURL) {
    this.baseURL = baseURL
  }

  addHeader(name, value) {
    this.k6params.headers[name] = value
  }

  addHeaders(headers) {
    Object.assign(this.k6params.headers, headers)
  }

  clearHeader(name) {
    delete this.k6params.headers[name]
  }

  addTag(name, value) {
    this.k6params.tags[name] = value
  }

  addTags(tags) {
    Object.assign(this.k6params.tags, tags)
  }

  clearTag(name) {
    delete this.k6params.tags[name]
  }

  request(method, url, body, params) {
    if (arguments.length < 2) {
      throw new Error('Invalid number of arguments for request(). Provide at least Method and URL.')
    }
    const { address, merged } = this._prepare(method, url, params)
    const startMs = Date.now()
    const response = http.request(method, address, body, merged)
    this.postRequestHook(response, merged, startMs, Date.now())
    return response
  }

  asyncRequest(method, url, body, params) {
    if (arguments.length < 2) {
      throw new Error('Invalid number of arguments for asyncRequest(). Provide at least Method and URL.')
    }
    const { address, merged } = this._prepare(method, url, params)
    return http.asyncRequest(method, address, body, merged)
  }

  execute(request) {
    return this.request(request.method, request.url, request.body, request.params)
  }

  /** Items are `[method, url, body, params]` or Request objects. */
  batch(requests, sharedParams) {
    const prepared = []
    for (const item of requests) {
      const isRequest = item instanceof Request
      if (!isRequest && !Array.isArray(item)) continue
      const [method, url, body, params] = isRequest ? [item.method, item.url, item.body, item.params] : item
      const merged = mergeParams(this.k6params, mergeParams(sharedParams, params))
      prepared.push([method, this.baseURL + url, body || null, merged])
    }
    const startMs = Date.now()
    const responses = http.batch(prepared)
    this.lastRequest.responseObject = responses
    this.lastRequest.responseChainDuration = Date.now() - startMs
    return responses
  }

  get(url, body, params) {
    return this.request('GET', url, body, params)
  }
  head(url, body, params) {
    return this.request('HEAD', url, body, params)
  }
  post(url, body, params) {
    return this.request('POST', url, body, params)
  }
  put(url, body, params) {
    return this.request('PUT', url, body, params)
  }
  delete(url, body, params) {
    return this.request('DELETE', url, body, params)
  }
  connect(url, body, params) {
    return this.request('CONNECT', url, body, params)
  }
  options(url, body, params) {
    return this.request('OPTIONS', url, body, params)
  }
  trace(url, body, params) {
    return this.request('TRACE', url, body, params)
  }
  patch(url, body, params) {
    return this.request('PATCH', url, body, params)
  }

  asyncGet(url, body, params) {
    return this.asyncRequest('GET', url, body, params)
  }
  asyncHead(url, body, params) {
    return this.asyncRequest('HEAD', url, body, params)
  }
  asyncPost(url, body, params) {
    return this.asyncRequest('POST', url, body, params)
  }
  asyncPut(url, body, params) {
    return this.asyncRequest('PUT', url, body, params)
  }
  asyncDelete(url, body, params) {
    return this.asyncRequest('DELETE', url, body, params)
  }
  asyncConnect(url, body, params) {
    return this.asyncRequest('CONNECT', url, body, params)
  }
  asyncOptions(url, body, params) {
    return this.asyncRequest('OPTIONS', url, body, params)
  }
  asyncTrace(url, body, params) {
    return this.asyncRequest('TRACE', url, body, params)
  }
  asyncPatch(url, body, params) {
    return this.asyncRequest('PATCH', url, body, params)
  }

  postRequestHook(response, params, startMs, endMs) {
    if (this.errorMetric) this.errorMetric.add(!(params.expect || this.errorMetricCondition)(response))
    this.lastRequest.responseObject = response
    this.lastRequest.responseChainDuration = endMs - startMs
  }

  validateMethod(method) {
    if (!methods.includes(method)) throw new Error(`Invalid method: ${method}. Expected one of ${methods.join(',')}`)
  }

  _prepare(method, url, params) {
    this.validateMethod(method)
    const merged = mergeParams(this.k6params, params)
    let address = url
    if (isTemplate(url)) {
      merged.tags.name = url.name
      address = url.url
    }
    if (!address.startsWith('http')) address = this.baseURL + address
    return { address, merged }
  }
}

/** The second wins; headers and tags are merged one by one. */
function mergeParams(first, second) {
  return {
    ...first,
    ...second,
    headers: { ...first?.headers, ...second?.headers },
    tags: { ...first?.tags, ...second?.tags },
  }
}

/** What http.url`...` makes. */
function isTemplate(url) {
  return typeof url === 'object' && url !== null && 'name' in url && 'url' in url && 'clean_url' in url
}
