/** Asks a server for its schema (grpc's server-reflection.md), v1 first, v1alpha when it knows no v1. */
import { nowMs } from '#base/clock.js'
import type { Cancel } from '#base/clock.js'
import { reflectionMethod } from './built-in.js'
import { Call, type CallEvents, frameHead } from './call.js'
import { encodeMessage } from './codec/encode.js'
import { emitDuration } from './endpoint.js'
import { BadMetadata, type Metadata, sendable } from './metadata.js'
import { decodeReply, Undecodable } from './reply.js'
import { fileHead, schemaOfFiles } from './schema/from-descriptors.js'
import { type Schema, SchemaError } from './schema/types.js'
import { Code, codeName, type Status, statusOf } from './status.js'
import type { CallContext } from './unary.js'

/** A hostile server could go on for ever. */
const limits = { files: 10_000, services: 10_000, bytes: 64 * 1024 * 1024 }

interface Reply {
  fileDescriptorResponse?: { fileDescriptorProto: string[] }
  listServicesResponse?: { service: { name: string }[] }
  errorResponse?: { errorCode: number; errorMessage: string }
}

/**
 * The schema of all services of a server.
 * @param done  gets the schema or k6's text for what went wrong
 */
export function reflect(
  context: CallContext,
  metadata: Metadata,
  timeoutMs: number,
  done: (schema: Schema | undefined, problem: string) => void,
): Cancel {
  let current: Reflection | undefined
  const attempt = (version: 'v1' | 'v1alpha'): void => {
    current = new Reflection(context, version, metadata, timeoutMs, (schema, status, problem) => {
      if (schema === undefined && status?.code === Code.Unimplemented && version === 'v1') attempt('v1alpha')
      else done(schema, problem)
    })
    current.start()
  }
  attempt('v1')
  return () => current?.abort()
}

type Done = (schema: Schema | undefined, status: Status | undefined, problem: string) => void

class Reflection implements CallEvents {
  readonly #context: CallContext
  readonly #version: 'v1' | 'v1alpha'
  readonly #metadata: Metadata
  readonly #timeoutMs: number
  readonly #done: Done
  readonly #startMs = nowMs()
  #call: Call | undefined
  #services: string[] | undefined
  #service = ''
  readonly #files = new Map<string, Buffer>()
  #bytes = 0
  /** Files that others import and nobody has sent yet. */
  readonly #wanted: string[] = []
  readonly #asked = new Set<string>()
  #askedFor = ''
  #isOver = false

  constructor(context: CallContext, version: 'v1' | 'v1alpha', metadata: Metadata, timeoutMs: number, done: Done) {
    this.#context = context
    this.#version = version
    this.#metadata = metadata
    this.#timeoutMs = timeoutMs
    this.#done = done
  }

  start(): void {
    let metadata = this.#metadata
    try {
      metadata = sendable(metadata)
    } catch (error) {
      if (!(error instanceof BadMetadata)) throw error
      this.#end(undefined, statusOf(Code.Internal, error.message))
      return
    }
    const { channel } = this.#context
    const path = reflectionMethod(this.#version).fullMethod
    this.#call = new Call(channel, { path, metadata, timeoutMs: this.#timeoutMs }, this)
    this.#call.startStream()
    this.#ask({ listServices: '*' })
  }

  abort(): void {
    this.#call?.abort(statusOf(Code.Canceled, 'context canceled'))
  }

  #ask(request: Record<string, string>): void {
    this.#askedFor = Object.values(request)[0]!
    const frame = encodeMessage(reflectionMethod(this.#version).input, request, new Map(), frameHead)
    frame[0] = 0
    frame.writeUInt32BE(frame.length - frameHead, 1)
    this.#call?.send(frame)
  }

  onMessage(bytes: Buffer): Status | undefined {
    const { objects } = this.#context
    const reply = decodeReply(objects, reflectionMethod(this.#version).output, bytes, new Map())
    if (reply instanceof Undecodable) return reply.status
    try {
      this.#take(reply as Reply)
    } catch (error) {
      this.#end(undefined, undefined, (error as Error).message)
      return statusOf(Code.Canceled, 'context canceled')
    }
    return undefined
  }

  #take({ fileDescriptorResponse, listServicesResponse, errorResponse }: Reply): void {
    if (listServicesResponse !== undefined && this.#services === undefined) {
      this.#services = listServicesResponse.service.map(({ name }) => name)
      if (this.#services.length > limits.services) throw new Error("can't list services: too many services")
    } else if (fileDescriptorResponse !== undefined) {
      for (const text of fileDescriptorResponse.fileDescriptorProto) this.#addFile(Buffer.from(text, 'base64'))
    } else if (errorResponse !== undefined) {
      const isService = this.#askedFor === this.#service
      // A file that the server does not have is left out; what refers to it fails when the schema is built.
      if (this.#services === undefined || isService) {
        const { errorCode, errorMessage } = errorResponse
        const problem = `rpc error: code = ${codeName(errorCode)} desc = ${errorMessage}`
        const what =
          this.#services === undefined
            ? "can't list services"
            : `can't get method on service ${JSON.stringify(this.#service)}`
        throw new Error(
          `${what}: ${errorCode === Code.NotFound && isService ? `Symbol not found: ${this.#service}` : problem}`,
        )
      }
    } else throw new Error("can't list services: the server's answer is none of those that reflection knows")
    this.#next()
  }

  #addFile(bytes: Buffer): void {
    const { name, dependencies } = fileHead(bytes)
    if (this.#files.has(name)) return
    this.#bytes += bytes.length
    if (this.#files.size >= limits.files || this.#bytes > limits.bytes) {
      throw new Error('the schema of the server is too large')
    }
    this.#files.set(name, bytes)
    for (const dependency of dependencies) {
      if (this.#files.has(dependency) || this.#asked.has(dependency)) continue
      this.#asked.add(dependency)
      this.#wanted.push(dependency)
    }
  }

  #next(): void {
    for (let name = this.#wanted.pop(); name !== undefined; name = this.#wanted.pop()) {
      if (this.#files.has(name)) continue
      this.#ask({ fileByFilename: name })
      return
    }
    const service = this.#services?.shift()
    if (service !== undefined) {
      this.#service = service
      this.#ask({ fileContainingSymbol: service })
      return
    }
    this.#call?.endSending()
    this.#build()
  }

  #build(): void {
    const files = [...this.#files.values()]
    try {
      // The same files give the same schema: VUs that reflect one server share it.
      const key = `k6/net/grpc reflected ${files.map((file) => file.toString('latin1')).join('')}`
      this.#end(this.#context.vu.shared(key, () => schemaOfFiles(files)))
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error
      this.#end(undefined, undefined, `can't convert method info: ${error.message}`)
    }
  }

  #end(schema: Schema | undefined, status?: Status, problem = ''): void {
    if (this.#isOver) return
    this.#isOver = true
    const text = status === undefined ? problem : `can't list services: ${statusText(status)}`
    this.#done(schema, status, text)
  }

  onDone(status: Status): void {
    const { vu, flags, channel } = this.#context
    emitDuration(vu, flags, vu.tags, channel.remoteIp, status.code, nowMs() - this.#startMs)
    const failed = status.code === Code.OK ? statusOf(Code.Unknown, 'EOF') : status
    this.#end(undefined, failed)
  }
}

/** A failed call as Go prints it. */
export function statusText(status: Status): string {
  return `rpc error: code = ${codeName(status.code)} desc = ${status.message}`
}
