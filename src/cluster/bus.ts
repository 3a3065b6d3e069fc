/**
 * The connection to NATS. TLS, users, tokens and accounts are the URL's and the credentials file's; nothing of them is
 * ours. The client is an optional package, loaded here and nowhere else.
 */
import { readFileSync } from 'node:fs'
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/nats-core'
import type { ObjectStore } from '@nats-io/obj'
import { cannotConnect, clientMissing, noJetStream } from './errors.js'
import { KEEP_NS } from './protocol.js'

export interface BusOptions {
  /** `nats://host:4222`, several with commas; `tls://` insists on TLS. User and password or a token may stand in it. */
  readonly url: string
  /** A credentials file (JWT and key). */
  readonly creds?: string | undefined
  readonly tls?:
    | { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined }
    | undefined
  /** In the server's list of connections. */
  readonly name: string
}

export class Bus {
  readonly nc: NatsConnection
  readonly js: JetStreamClient
  readonly jsm: JetStreamManager
  readonly #packages: Packages

  private constructor(nc: NatsConnection, js: JetStreamClient, jsm: JetStreamManager, packages: Packages) {
    this.nc = nc
    this.js = js
    this.jsm = jsm
    this.#packages = packages
  }

  /** @throws PW_CLUSTER_CLIENT, PW_CLUSTER_CONNECT, PW_CLUSTER_JETSTREAM */
  static async connect(options: BusOptions): Promise<Bus> {
    const packages = await load()
    const { servers, user, pass, token, wantsTls } = readUrl(options.url)
    let nc: NatsConnection
    try {
      const tls = filesOf(options.tls)
      nc = await packages.connect({
        servers,
        name: options.name,
        timeout: 5000,
        // An agent outlives any outage of the server; when to give its load up is its own decision.
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 100,
        reconnectJitterTLS: 200,
        // A peer that is gone without a word is found within some seconds.
        pingInterval: 2000,
        maxPingOut: 2,
        ...(user === undefined ? {} : { user }),
        ...(pass === undefined ? {} : { pass }),
        ...(token === undefined ? {} : { token }),
        ...(options.creds === undefined
          ? {}
          : { authenticator: packages.credsAuthenticator(readFileSync(options.creds)) }),
        ...(wantsTls || options.tls !== undefined ? { tls } : {}),
      })
    } catch (error) {
      throw cannotConnect(withoutSecrets(options.url), error)
    }
    try {
      const jsm = await packages.jetstreamManager(nc)
      return new Bus(nc, packages.jetstream(nc, { timeout: 5000 }), jsm, packages)
    } catch (error) {
      await nc.close()
      throw noJetStream(withoutSecrets(options.url), error)
    }
  }

  /** Opens a bucket, makes it when it is not there. @param ttlNs  after which an entry expires */
  bucket(name: string, ttlNs: number = KEEP_NS): Promise<KV> {
    return new this.#packages.Kvm(this.js).create(name, { ttl: ttlNs / 1e6, history: 1 })
  }

  objects(name: string): Promise<ObjectStore> {
    return new this.#packages.Objm(this.js).create(name, { ttl: KEEP_NS })
  }

  /** Not sent within a second by a server that is away, it is dropped; who needs an answer asks for one. */
  say(subject: string, message: object): void {
    if (!this.nc.isClosed()) this.nc.publish(subject, JSON.stringify(message))
  }

  /** @throws when nobody answers in time */
  async ask<T>(subject: string, message: object, timeoutMs: number): Promise<T> {
    const answer = await this.nc.request(subject, JSON.stringify(message), { timeout: timeoutMs, noMux: false })
    return JSON.parse(answer.string()) as T
  }

  async close(): Promise<void> {
    if (!this.nc.isClosed()) await this.nc.close()
  }
}

/** Small JSON of a bucket or a message; undefined when it is none. What it holds is checked by who reads it. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a name for what the caller then checks
export function readJson<T>(text: string | undefined): T | undefined {
  if (text === undefined || text.length > 8 << 20) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as T) : undefined
  } catch {
    return undefined
  }
}

type Packages = Awaited<ReturnType<typeof load>>

// The result's type is that of five packages.
async function load() {
  try {
    const [transport, core, jet, kv, obj] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@nats-io/nats-core'),
      import('@nats-io/jetstream'),
      import('@nats-io/kv'),
      import('@nats-io/obj'),
    ])
    return {
      connect: transport.connect,
      credsAuthenticator: core.credsAuthenticator,
      jetstream: jet.jetstream,
      jetstreamManager: jet.jetstreamManager,
      Kvm: kv.Kvm,
      Objm: obj.Objm,
    }
  } catch (error) {
    throw clientMissing(error)
  }
}

// The client wants host and port; what else stands in a URL goes into fields of their own.
function readUrl(url: string): {
  servers: string[]
  user?: string
  pass?: string
  token?: string
  wantsTls: boolean
} {
  const parts = url.split(',').map((one) => new URL(one.includes('://') ? one : `nats://${one}`))
  const [first] = parts
  if (first === undefined) throw new RangeError('no address')
  const servers = parts.map(({ hostname, port }) => `${hostname}:${port === '' ? '4222' : port}`)
  const wantsTls = parts.some(({ protocol }) => protocol === 'tls:')
  const user = decodeURIComponent(first.username)
  const pass = decodeURIComponent(first.password)
  if (user === '') return { servers, wantsTls }
  return pass === '' ? { servers, token: user, wantsTls } : { servers, user, pass, wantsTls }
}

/** For messages: the address without user, password and token. */
export function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^@/]*@/g, '//')
}

function filesOf(tls: BusOptions['tls']): Record<string, string> {
  const out: Record<string, string> = {}
  if (tls?.ca !== undefined) out['caFile'] = tls.ca
  if (tls?.cert !== undefined) out['certFile'] = tls.cert
  if (tls?.key !== undefined) out['keyFile'] = tls.key
  return out
}
