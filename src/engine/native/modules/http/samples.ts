/** The samples of one finished request, and its tag set. The hot path of the whole engine: no allocation when nothing is new. */
import type { Options } from '#config/types.js'
import type { TagSet } from '#metrics/types.js'
import type { WireResponse } from '../../http1/types.js'
import type { VuScope } from '../../types.js'
import type { ExpectedStatuses } from './expected-statuses.js'
import type { Place, Tagged } from './targets.js'

/** The system tags of the run, as flags. */
export interface TagFlags {
  readonly proto: boolean
  readonly status: boolean
  readonly method: boolean
  readonly url: boolean
  readonly name: boolean
  readonly expected: boolean
  readonly error: boolean
  readonly errorCode: boolean
  readonly tlsVersion: boolean
  readonly ocspStatus: boolean
  readonly ip: boolean
}

export function tagFlags(options: Options): TagFlags {
  const on = new Set(options.systemTags)
  return {
    proto: on.has('proto'),
    status: on.has('status'),
    method: on.has('method'),
    url: on.has('url'),
    name: on.has('name'),
    expected: on.has('expected_response'),
    error: on.has('error'),
    errorCode: on.has('error_code'),
    tlsVersion: on.has('tls_version'),
    ocspStatus: on.has('ocsp_status'),
    ip: on.has('ip'),
  }
}

/** Distinct texts of the tag `error` in one worker; a hostile server could put anything into them. */
const maxErrors = 200
const maxTagged = 64

export class Samples {
  readonly flags: TagFlags
  readonly #errors = new Set<string>()

  constructor(options: Options) {
    this.flags = tagFlags(options)
  }

  /**
   * Emits the samples of one request of `vu`.
   * @param base  the tags that the request carries (the VU's and the script's)
   * @param callback  undefined = no `http_req_failed`, no tag expected_response
   * @param errorCode  0 = the server answered and nothing went wrong after it
   * @returns true when the request failed
   */
  emit(
    vu: VuScope,
    place: Place,
    base: TagSet,
    method: string,
    wire: WireResponse,
    callback: ExpectedStatuses | undefined,
    errorCode: number,
    error: string,
  ): boolean {
    const status = errorCode === 0 ? wire.status : 0
    const expected = callback === undefined ? -1 : callback.matches(status) ? 1 : 0
    const tags = this.#tagSet(place, base, method, status, wire, expected, errorCode, error)
    const { samples, builtin, metadata } = vu
    const duration = wire.sending + wire.waiting + wire.receiving
    samples.add(builtin.http_reqs, tags, 1, metadata)
    samples.add(builtin.http_req_duration, tags, duration, metadata)
    samples.add(builtin.http_req_blocked, tags, wire.blocked, metadata)
    samples.add(builtin.http_req_connecting, tags, wire.connecting, metadata)
    samples.add(builtin.http_req_tls_handshaking, tags, wire.tlsHandshaking, metadata)
    samples.add(builtin.http_req_sending, tags, wire.sending, metadata)
    samples.add(builtin.http_req_waiting, tags, wire.waiting, metadata)
    samples.add(builtin.http_req_receiving, tags, wire.receiving, metadata)
    if (expected !== -1) samples.add(builtin.http_req_failed, tags, 1 - expected, metadata)
    // From the intended start: what the injector was late by, the person at the other end has waited too.
    samples.add(builtin.http_req_response_time, tags, duration + vu.startLagMs, metadata)
    const bodyBytes = wire.body?.length ?? wire.bodyLatin1?.length
    if (bodyBytes !== undefined) samples.add(builtin.http_res_body_bytes, tags, bodyBytes, metadata)
    return expected === 0 || (expected === -1 && (errorCode !== 0 || status >= 400))
  }

  /** Tags of a request to a URL made by http.url`...`: its template is the name, unless the script gives one. */
  named(place: Place, tags: TagSet): TagSet {
    return this.flags.name && tags.get('name') === undefined ? tags.with('name', place.name) : tags
  }

  #tagSet(
    place: Place,
    base: TagSet,
    method: string,
    status: number,
    wire: WireResponse,
    expected: -1 | 0 | 1,
    errorCode: number,
    error: string,
  ): TagSet {
    const tagged = place.tagged
    const ip = this.flags.ip ? wire.remoteIp : ''
    for (let i = 0; i < tagged.length; i++) {
      const entry = tagged[i] as Tagged
      if (
        entry.base === base &&
        entry.status === status &&
        entry.method === method &&
        entry.expected === expected &&
        entry.errorCode === errorCode &&
        entry.error === error &&
        entry.proto === wire.proto &&
        entry.tlsVersion === wire.tlsVersion &&
        entry.ip === ip
      ) {
        return entry.tags
      }
    }
    if (tagged.length >= maxTagged) tagged.length = 0
    const tags = this.#makeTagSet(place, base, method, status, wire, expected, errorCode, error, ip)
    const { proto, tlsVersion } = wire
    tagged.push({ base, method, status, proto, tlsVersion, expected, errorCode, error, ip, tags })
    return tags
  }

  #makeTagSet(
    place: Place,
    base: TagSet,
    method: string,
    status: number,
    wire: WireResponse,
    expected: -1 | 0 | 1,
    errorCode: number,
    error: string,
    ip: string,
  ): TagSet {
    const { flags } = this
    // Few values first, many last: what the registry interns on the way is then shared by all URLs.
    let tags = base
    if (flags.method) tags = tags.with('method', method)
    if (flags.status) tags = tags.with('status', String(status))
    if (errorCode !== 0) {
      if (flags.errorCode) tags = tags.with('error_code', String(errorCode))
      if (flags.error) tags = tags.with('error', this.#bounded(error, errorCode))
    } else {
      if (flags.errorCode && status >= 400) tags = tags.with('error_code', String(1000 + status))
      if (flags.proto) tags = tags.with('proto', wire.proto)
      if (wire.tlsVersion !== '') {
        if (flags.tlsVersion) tags = tags.with('tls_version', wire.tlsVersion)
        if (flags.ocspStatus) tags = tags.with('ocsp_status', 'unknown')
      }
    }
    if (expected !== -1 && flags.expected) tags = tags.with('expected_response', expected === 1 ? 'true' : 'false')
    if (flags.ip && ip !== '') tags = tags.with('ip', ip)
    const given = base.get('name')
    const name = given ?? place.name
    if (given === undefined && flags.name) tags = tags.with('name', name)
    return flags.url ? tags.with('url', name) : tags
  }

  #bounded(error: string, errorCode: number): string {
    if (this.#errors.has(error)) return error
    if (this.#errors.size >= maxErrors) return `error ${errorCode}`
    this.#errors.add(error)
    return error
  }
}
