/** `grpc.Client`. Order of checks and texts are k6's (verified on k6 2.2). */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { SecureContext } from 'node:tls'
import { customContext } from '../../http1/tls-context.js'
import type { VuScope } from '../../types.js'
import { goValueError } from '../encoding/go-error.js'
import { goStringArgument, realmArray, realmObject } from '../encoding/go-values.js'
import { healthCheckMethod } from './built-in.js'
import { Channel } from './channel.js'
import { Endpoint, grpcTagFlags } from './endpoint.js'
import { type CallParams, readCallParams, readConnectParams, type TlsParams } from './params.js'
import { realmObjects } from './reply.js'
import { reflect, statusText } from './reflection.js'
import { encodeRequest } from './request.js'
import { loadProtos, loadProtoset } from './schema/load.js'
import type { MessageType, Method, Schema } from './schema/types.js'
import { Code } from './status.js'
import { type CallContext, UnaryCall } from './unary.js'

/** A call that is ready to go. */
export interface PreparedCall {
  readonly endpoint: Endpoint
  readonly params: CallParams
}

/** Behind a script's Client. */
export class GrpcClient {
  readonly vu: VuScope
  #channel: Channel | undefined
  #context: CallContext | undefined
  readonly #methods = new Map<string, Method>()
  #messages = new Map<string, MessageType>()
  readonly #endpoints = new Map<Method, Endpoint>()

  constructor(vu: VuScope) {
    this.vu = vu
  }

  /** Undefined until `connect`. */
  get context(): CallContext | undefined {
    return this.#context
  }

  load(importPaths: unknown, files: readonly unknown[]): unknown {
    this.#inInit()
    const paths = stringList(this.vu, importPaths)
    return this.#add(this.#read(() => loadProtos(this.vu, paths, files.map(goStringArgument))))
  }

  loadProtoset(path: unknown): unknown {
    this.#inInit()
    return this.#add(this.#read(() => loadProtoset(this.vu, goStringArgument(path))))
  }

  connect(address: unknown, input: unknown): Promise<unknown> {
    const { vu } = this
    if (vu.phase === 'init') throw this.#error('connecting to a gRPC server in the init context is not supported')
    const params = this.#read(() => readConnectParams(input), 'invalid grpc.connect() parameters: ')
    const secureContext = params.tls === undefined || params.plaintext ? undefined : this.#secureContext(params.tls)
    // What was connected before is let go: nobody can reach it any more.
    this.close()
    const addressText = goStringArgument(address)
    return vu.loop.block((resolve, reject) => {
      const { plaintext, authority, maxReceiveSize, maxSendSize } = params
      const channel = new Channel(vu, {
        address: addressText,
        plaintext,
        secureContext,
        authority,
        maxReceiveSize,
        maxSendSize,
      })
      const fail = (problem: string): void => {
        channel.account()
        reject(this.#error(problem))
      }
      let cancel = channel.connect(params.timeoutMs, (problem) => {
        if (problem !== undefined) {
          fail(problem)
          return
        }
        this.#use(channel)
        channel.account()
        if (!params.reflect) {
          resolve(true)
          return
        }
        cancel = reflect(this.#context!, params.reflectMetadata, params.timeoutMs, (schema, why) => {
          if (schema === undefined) fail(why)
          else {
            this.#add(schema)
            resolve(true)
          }
        })
      })
      return () => cancel()
    })
  }

  invoke(method: unknown, request: unknown, params: unknown, count: number): Promise<unknown> {
    let frame: Buffer
    let call: PreparedCall
    try {
      call = this.prepare(goStringArgument(method), params, "invalid GRPC's client.invoke() parameters: ")
      frame = this.#frame(call, request, count)
    } catch (error) {
      throw this.#thrown(error)
    }
    return this.vu.loop.block((resolve, reject) => {
      const unary = new UnaryCall(this.#context!, call.endpoint, call.params, resolve, (problem) =>
        reject(this.#error(problem)),
      )
      unary.start(frame)
      return () => unary.abort()
    })
  }

  asyncInvoke(method: unknown, request: unknown, params: unknown, count: number): Promise<unknown> {
    const { realm, loop } = this.vu
    const rejected = (problem: string): object => goValueError(realm, problem, {})
    let frame: Buffer
    let call: PreparedCall
    try {
      call = this.prepare(goStringArgument(method), params, "invalid GRPC's client.invoke() parameters: ")
      frame = this.#frame(call, request, count)
    } catch (error) {
      if (error instanceof realm.TypeError) throw error
      return realm.Promise.reject(rejected((error as Error).message)) as Promise<unknown>
    }
    return new realm.Promise<unknown>((resolve, reject) => {
      // The iteration's end takes the call with it.
      const channel = loop.channel(() => unary.abort())
      const settle = (task: () => void): void => {
        channel.post(task)
        channel.close()
      }
      const unary = new UnaryCall(
        this.#context!,
        call.endpoint,
        call.params,
        (response) => settle(() => resolve(response)),
        (problem) => settle(() => reject(rejected(problem))),
      )
      unary.start(frame)
    })
  }

  healthCheck(service: unknown): Promise<unknown> {
    const context = this.#context
    if (context === undefined) throw this.#error('no gRPC connection, you must call connect first')
    const { vu } = this
    const method = healthCheckMethod()
    const params = { metadata: [], tags: vu.tags, timeoutMs: 0, discardResponseMessage: false }
    const frame = encodeRequest(vu.realm, method.input, { service: goStringArgument(service) }, new Map(), true)
    return vu.loop.block((resolve, reject) => {
      const bare = new Endpoint('', method, {
        ...context.flags,
        url: false,
        service: false,
        method: false,
        name: false,
      })
      const unary = new UnaryCall(
        context,
        bare,
        params,
        (response) => {
          const { status, message, error } = response as {
            status: object
            message: { status: number }
            error: { message: string }
          }
          const code = Number(status)
          if (code === Code.OK)
            resolve(realmObject(vu.realm, { status: context.objects.codes.serving(message.status) }))
          else reject(this.#error(statusText({ code, message: error.message, details: undefined })))
        },
        (problem) => reject(this.#error(problem)),
      )
      unary.start(frame)
      return () => unary.abort()
    })
  }

  close(): void {
    this.#channel?.close()
    this.#channel = undefined
    this.#context = undefined
    this.#endpoints.clear()
  }

  /** The method of this name. @throws Error in k6's words */
  method(name: string): Method {
    if (name === '') throw new Error('method to invoke cannot be empty')
    const full = name.startsWith('/') ? name : `/${name}`
    const method = this.#methods.get(full)
    if (method === undefined) throw new Error(`method ${JSON.stringify(full)} not found in file descriptors`)
    return method
  }

  /** Endpoint and parameters of a call. @throws Error in k6's words */
  prepare(name: string, params: unknown, prefix: string): PreparedCall {
    if (this.vu.phase === 'init') throw new Error('invoking RPC methods in the init context is not supported')
    if (this.#channel === undefined) throw new Error('no gRPC connection, you must call connect first')
    const endpoint = this.endpoint(this.method(name))
    try {
      return { endpoint, params: readCallParams(this.vu, params) }
    } catch (error) {
      throw new Error(prefix + (error as Error).message, { cause: error })
    }
  }

  endpoint(method: Method): Endpoint {
    let endpoint = this.#endpoints.get(method)
    if (endpoint === undefined) {
      endpoint = new Endpoint(this.#channel!.options.address, method, this.#context!.flags)
      this.#endpoints.set(method, endpoint)
    }
    return endpoint
  }

  #frame({ endpoint }: PreparedCall, request: unknown, count: number): Buffer {
    const { realm } = this.vu
    if (count < 2) throw new Error('request cannot be nil')
    if (request === undefined || request === null) {
      throw new realm.TypeError('Cannot convert undefined or null to object')
    }
    try {
      return encodeRequest(realm, endpoint.method.input, request, this.#messages, true)
    } catch (error) {
      if (error instanceof realm.Error) {
        throw new Error(`unable to serialise request object: ${String(error)}`, { cause: error })
      }
      const { message } = error as Error
      const prefix = message.startsWith('cyclic')
        ? 'unable to normalize number strings: '
        : 'unable to serialise request object to protocol buffer: '
      throw new Error(prefix + message, { cause: error })
    }
  }

  #use(channel: Channel): void {
    const { vu } = this
    this.#channel = channel
    this.#context = {
      vu,
      channel,
      objects: realmObjects(vu.realm),
      flags: grpcTagFlags(vu),
      types: this.#messages,
    }
  }

  #add(schema: Schema): unknown {
    const { realm } = this.vu
    // Shared as long as there is only one; types that are known stay, as in k6.
    if (this.#messages.size === 0) this.#messages = new Map(schema.messages)
    else for (const [name, type] of schema.messages) if (!this.#messages.has(name)) this.#messages.set(name, type)
    if (this.#context !== undefined) this.#context = { ...this.#context, types: this.#messages }
    for (const method of schema.methods) this.#methods.set(method.fullMethod, method)
    return realmArray(
      realm,
      schema.methods.map((method) =>
        realmObject(realm, {
          package: method.package,
          service: method.service,
          full_method: method.fullMethod,
          name: method.name,
          is_client_stream: method.clientStreaming,
          is_server_stream: method.serverStreaming,
        }),
      ),
    )
  }

  #secureContext(tls: TlsParams): SecureContext {
    const { options } = this.vu
    return this.#read(() =>
      this.vu.shared(`k6/net/grpc tls ${JSON.stringify(tls)}`, () => {
        const { cert, password, cacerts } = tls
        const key = password === '' ? tls.key : decryptedKey(tls.key, password)
        cacerts.forEach((ca, i) => {
          if (!isCertificate(ca)) throw new Error(`failed to append ca certificate [${i}] from PEM`)
        })
        const hasAuth = cert !== '' && key !== ''
        if (hasAuth) checkPair(cert, key)
        return customContext(options, hasAuth ? { cert, key } : undefined, cacerts)
      }),
    )
  }

  #inInit(): void {
    if (this.vu.phase !== 'init') throw this.#error('load must be called in the init context')
  }

  #read<T>(read: () => T, prefix = ''): T {
    try {
      return read()
    } catch (error) {
      throw this.#error(prefix + (error as Error).message)
    }
  }

  #thrown(error: unknown): unknown {
    return error instanceof this.vu.realm.TypeError ? error : this.#error((error as Error).message)
  }

  #error(message: string): Error {
    return new this.vu.realm.GoError(message)
  }
}

function stringList(vu: VuScope, value: unknown): string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value.map(goStringArgument)
  throw new vu.realm.TypeError(
    `could not convert function call parameter 0: could not convert ${String(value)} to []string`,
  )
}

function decryptedKey(pem: string, passphrase: string): string {
  const kind = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1]
  if (kind === undefined) throw new Error('failed to decode PEM key')
  if (kind === 'ENCRYPTED PRIVATE KEY') throw new Error('encrypted pkcs8 formatted key is not supported')
  if (!/^DEK-Info:/m.test(pem)) throw new Error('x509: no DEK-Info header in block')
  try {
    return createPrivateKey({ key: pem, passphrase }).export({ type: 'pkcs8', format: 'pem' }).toString()
  } catch (error) {
    throw new Error('x509: decryption password incorrect', { cause: error })
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}

function checkPair(cert: string, key: string): void {
  const problem = (text: string): Error => new Error(`failed to append certificate from PEM: tls: ${text}`)
  if (!cert.includes('-----BEGIN CERTIFICATE-----')) throw problem('failed to find any PEM data in certificate input')
  if (!key.includes('-----BEGIN ')) throw problem('failed to find any PEM data in key input')
  let matches: boolean
  try {
    matches = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch (error) {
    throw problem(`failed to parse private key: ${(error as Error).message}`)
  }
  if (!matches) throw problem('private key does not match public key')
}
