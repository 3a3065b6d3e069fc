// What the two instrumentation libraries share: headers added to a call's parameters, and k6/http calling a client.

/** `[body, params]` of a call with other headers; the caller's objects stay as they are. */
export function withHeaders([body = null, params, ...rest], change) {
  return [body, { ...params, headers: change(params?.headers ?? {}) }, ...rest]
}

export function instrumented(http, client) {
  for (const name of ['del', 'get', 'head', 'options', 'patch', 'post', 'put', 'request', 'asyncRequest']) {
    http[name] = (...args) => client[name](...args)
  }
}
