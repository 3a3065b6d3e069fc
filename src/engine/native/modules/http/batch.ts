/** `http.batch`: requests in parallel, at most `batch` at a time and `batchPerHost` to one host, answered in the shape given. */
import type { Cancel } from '#base/clock.js'
import type { HttpClient } from './client.js'
import { quote, typeName } from './go-text.js'
import { type Call, readCall } from './params.js'
import { codeOf, forbidInInit, perform } from './request.js'
import { makeResponse } from './response.js'

export function batch(client: HttpClient, args: readonly unknown[]): unknown {
  forbidInInit(client, 'Using batch in the init context is not supported')
  const { vu } = client
  const { GoError } = vu.realm
  if (args.length === 0) throw new GoError('no argument was provided to http.batch()')
  if (args.length > 1) throw new GoError('http.batch() accepts only an array or an object of requests')
  const requests = args[0]
  const isList = Array.isArray(requests)
  if (!isList && typeName(requests) !== 'map[string]interface {}') {
    throw new GoError(`invalid http.batch() argument type ${typeName(requests)}`)
  }
  const keys = Object.keys(requests as object)
  const results = (isList ? new vu.realm.Array() : new vu.realm.Object()) as Record<string, unknown>
  const calls: Call[] = []
  for (const [i, key] of keys.entries()) {
    try {
      calls.push(readItem(client, isList ? i : key, (requests as Record<string, unknown>)[key]))
    } catch (error) {
      return refuse(client, error as Error, keys, i, results, isList)
    }
  }
  return vu.loop.block<unknown>((resolve, reject) => run(client, calls, keys, results, resolve, reject))
}

/** Nothing is sent when one request cannot be read: what came before it is empty, what comes after null, as in k6. */
function refuse(
  client: HttpClient,
  error: Error,
  keys: readonly string[],
  at: number,
  results: Record<string, unknown>,
  isList: boolean,
): unknown {
  const { vu } = client
  if (vu.options.throw) throw new vu.realm.GoError(error.message)
  vu.log.warn('A batch request failed', { error: error.message })
  for (const [i, key] of keys.entries()) {
    if (i < at) results[key] = makeResponse(client, { error: '', errorCode: 0 })
    else if (i === at) results[key] = makeResponse(client, { error: error.message, errorCode: codeOf(error) })
    else if (isList) results[key] = null
  }
  return results
}

function run(
  client: HttpClient,
  calls: readonly Call[],
  keys: readonly string[],
  results: Record<string, unknown>,
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
): Cancel | undefined {
  // The keys stand in the order given, whichever answer comes first.
  for (const key of keys) results[key] = null
  if (calls.length === 0) {
    resolve(results)
    return undefined
  }
  const { options } = client.shared
  const cancels = new Set<Cancel>()
  const hosts = new Map<string, { busy: number; readonly waiting: (() => void)[] }>()
  let next = 0
  let done = 0
  let failed = false
  let failure: unknown
  let cancelled = false

  const finished = (host: string, thenNext: () => void): void => {
    const slot = hosts.get(host) as { busy: number; readonly waiting: (() => void)[] }
    slot.busy--
    slot.waiting.shift()?.()
    done++
    if (done === calls.length) {
      if (failed) reject(failure)
      else resolve(results)
    } else thenNext()
  }
  const worker = (): void => {
    if (cancelled || next >= calls.length) return
    const at = next++
    const call = calls[at] as Call
    const { host } = call.place.url
    let slot = hosts.get(host)
    if (slot === undefined) {
      slot = { busy: 0, waiting: [] }
      hosts.set(host, slot)
    }
    const go = (): void => {
      slot.busy++
      let cancel: Cancel | undefined
      const over = (): void => {
        if (cancel !== undefined) cancels.delete(cancel)
        finished(host, worker)
      }
      cancel = perform(
        client,
        call,
        (response) => {
          results[keys[at] as string] = response
          over()
        },
        (error) => {
          if (!failed) failure = error
          failed = true
          over()
        },
      )
      cancels.add(cancel)
    }
    // A worker waits for its host's turn and takes nothing else meanwhile, as in k6.
    if (options.batchPerHost > 0 && slot.busy >= options.batchPerHost) slot.waiting.push(go)
    else go()
  }
  for (let i = Math.min(Math.max(1, options.batch), calls.length); i > 0; i--) worker()
  return () => {
    cancelled = true
    for (const cancel of cancels) cancel()
  }
}

function readItem(client: HttpClient, key: number | string, item: unknown): Call {
  if (Array.isArray(item)) {
    if (item.length < 2) throw new Error(`invalid batch request '${goSyntax(item)}'`)
    const [method, url, body, params] = item as unknown[]
    if (typeof method !== 'string') throw new Error(`invalid method type '${goSyntax(method)}'`)
    return readCall(client, method, url, body, params)
  }
  if (typeName(item) !== 'map[string]interface {}' || client.shared.targets.isHttpUrl(item)) {
    return readCall(client, 'GET', item, undefined, undefined)
  }
  const given = item as Record<string, unknown>
  if (!('url' in given)) throw new Error(`batch request ${key} doesn't have a url key`)
  let method = 'GET'
  let body = given['body']
  if ('method' in given) {
    if (typeof given['method'] !== 'string') throw new Error(`invalid method type '${goSyntax(given['method'])}'`)
    method = given['method'].toUpperCase()
    if (method === 'GET' || method === 'HEAD') body = undefined
  }
  return readCall(client, method, given['url'], body, given['params'])
}

/** Go's `%#v`, for the values that can stand in a wrong request. */
function goSyntax(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[]interface {}{${value.map(goNested).join(', ')}}`
  if (typeof value === 'object') {
    const pairs = Object.keys(value).sort()
    return `map[string]interface {}{${pairs.map((key) => `${quote(key)}:${goNested((value as Record<string, unknown>)[key])}`).join(', ')}}`
  }
  return String(value)
}

function goNested(value: unknown): string {
  return value === null || value === undefined ? 'interface {}(nil)' : goSyntax(value)
}
