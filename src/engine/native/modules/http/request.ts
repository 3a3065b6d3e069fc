/** One request function of `k6/http`: from the script's arguments to the response that it gets. */
import type { Cancel } from '#base/clock.js'
import type { HttpClient } from './client.js'
import { type Outcome, startExchange } from './exchange.js'
import { type Call, readCall } from './params.js'
import { makeResponse } from './response.js'
import { BadUrl, type Place } from './targets.js'

/** `http.request`: a promise of the response, which the compiled code awaits; or a response at once when nothing is sent. */
export function request(client: HttpClient, method: string, url: unknown, body: unknown, params: unknown): unknown {
  forbidInInit(client, 'Making http requests in the init context is not supported')
  let call: Call
  try {
    call = readCall(client, method, url, body, params)
  } catch (error) {
    return refused(client, error)
  }
  return client.vu.loop.block<object>((resolve, reject) => perform(client, call, resolve, reject))
}

/** `http.asyncRequest`: as `request`, off the VU's loop. */
export function asyncRequest(
  client: HttpClient,
  method: string,
  url: unknown,
  body: unknown,
  params: unknown,
): unknown {
  forbidInInit(client, 'Making http requests in the init context is not supported')
  const { vu } = client
  const { Promise } = vu.realm
  let call: Call
  try {
    call = readCall(client, method, url, body, params)
  } catch (error) {
    try {
      return Promise.resolve(refused(client, error))
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }
  return new Promise<object>((resolve, reject) => {
    const enqueue = vu.loop.register()
    perform(
      client,
      call,
      (response) => enqueue(() => resolve(response)),
      (error) => enqueue(() => reject(error)),
    )
  })
}

/** `http.get(url)` without params: the hot path. Falls back to `request` for whatever is not plain. */
export function bareGet(client: HttpClient, url: unknown): unknown {
  forbidInInit(client, 'Making http requests in the init context is not supported')
  const { vu, shared } = client
  let place: Place
  try {
    place = shared.targets.place(url, vu.log)
  } catch (error) {
    return refused(client, error)
  }
  const { target } = place
  const plain =
    target !== undefined &&
    place.basic === undefined &&
    (vu.cookieJar === undefined || vu.cookieJar.size === 0) &&
    vu.rateLimit === undefined &&
    shared.options.httpDebug === '' &&
    !shared.options.traceRequests
  if (!plain) return request(client, 'GET', url, undefined, undefined)
  return client.bareGet.send(place, target) ?? request(client, 'GET', url, undefined, undefined)
}

/** Runs the call; `resolve` gets the response, `reject` the error that the script sees. */
export function perform(
  client: HttpClient,
  call: Call,
  resolve: (response: object) => void,
  reject: (error: unknown) => void,
): Cancel {
  return startExchange(client, call, (outcome, failure) => settle(client, outcome, failure, resolve, reject))
}

/** @throws the realm's GoError with `message` where the script may not make requests yet */
export function forbidInInit(client: HttpClient, message: string): void {
  if (client.vu.phase === 'init') throw new client.vu.realm.GoError(message)
}

/** k6's code for an error of `readCall`. */
export function codeOf(error: unknown): number {
  return error instanceof BadUrl ? 1020 : 0
}

/** What a request answers that could not even be read: an error, or k6's empty response and a warning. */
function refused(client: HttpClient, error: unknown): object {
  const { vu } = client
  const message = (error as Error).message
  if (vu.options.throw) throw new vu.realm.GoError(message)
  vu.log.warn('Request Failed', { error: message })
  return makeResponse(client, { error: message, errorCode: codeOf(error) })
}

function settle(
  client: HttpClient,
  outcome: Outcome | undefined,
  failure: string,
  resolve: (response: object) => void,
  reject: (error: unknown) => void,
): void {
  if (outcome === undefined) reject(new client.vu.realm.GoError(failure))
  else resolve(makeResponse(client, outcome))
}
