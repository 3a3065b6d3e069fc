/** Node's own HTTP parser, from the WebAssembly that undici ships, as an oracle: whole response in, what it read out. */
import { createRequire } from 'node:module'

export interface OracleAnswer {
  /** '' = no error; else llhttp's reason. */
  error: string
  complete: boolean
  status: number
  /** name, value, ... of the final response. */
  headers: string[]
  body: Buffer
}

interface Memory {
  readonly buffer: ArrayBuffer
}

/** Node's types leave WebAssembly to the DOM's. */
const Wasm = (globalThis as unknown as { WebAssembly: unknown }).WebAssembly as {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

interface Exports {
  readonly memory: Memory
  malloc(bytes: number): number
  free(pointer: number): void
  llhttp_alloc(type: number): number
  llhttp_free(parser: number): void
  llhttp_execute(parser: number, data: number, length: number): number
  llhttp_finish(parser: number): number
  llhttp_get_error_reason(parser: number): number
}

let answer: OracleAnswer
let isHead = false
let field = ''
let memory: Memory

const bytes = (at: number, length: number): Buffer => Buffer.from(memory.buffer, at, length)

const wasm = createRequire(import.meta.url)('undici/lib/llhttp/llhttp-wasm.js') as Buffer
const exported = new Wasm.Instance(new Wasm.Module(wasm), {
  env: {
    wasm_on_url: () => 0,
    wasm_on_status: () => 0,
    wasm_on_message_begin: () => {
      answer.headers = []
      return 0
    },
    wasm_on_header_field: (_: number, at: number, length: number) => {
      if (!answer.complete) field += bytes(at, length).toString('latin1')
      return 0
    },
    wasm_on_header_value: (_: number, at: number, length: number) => {
      // In a trailer the body is there already, and Go keeps trailers apart.
      if (field !== '') answer.headers.push(field, '')
      field = ''
      answer.headers[answer.headers.length - 1] += bytes(at, length).toString('latin1')
      return 0
    },
    wasm_on_headers_complete: (_: number, status: number) => {
      answer.status = status
      headersDone = answer.headers.slice()
      // As Node does: these have no body whatever their Content-Length says.
      return isHead || status === 204 || status === 304 ? 1 : 0
    },
    wasm_on_body: (_: number, at: number, length: number) => {
      parts.push(Buffer.from(bytes(at, length)))
      return 0
    },
    wasm_on_message_complete: () => {
      if (answer.status >= 100 && answer.status <= 199 && answer.status !== 101) return 0
      answer.complete = true
      // Stop here: what follows belongs to no request.
      return 21
    },
  },
}).exports as unknown as Exports
memory = exported.memory
let parts: Buffer[] = []
let headersDone: string[] = []

/** `ended`: the peer closed after these bytes. */
export function llhttp(input: Buffer, head: boolean, ended: boolean): OracleAnswer {
  answer = { error: '', complete: false, status: 0, headers: [], body: Buffer.alloc(0) }
  parts = []
  headersDone = []
  field = ''
  isHead = head
  const parser = exported.llhttp_alloc(2)
  const data = exported.malloc(Math.max(1, input.length))
  try {
    new Uint8Array(memory.buffer).set(input, data)
    let code = exported.llhttp_execute(parser, data, input.length)
    if (code === 0 && !answer.complete && ended) code = exported.llhttp_finish(parser)
    if (!answer.complete && code !== 0) {
      const reason = exported.llhttp_get_error_reason(parser)
      const text = new Uint8Array(memory.buffer, reason)
      answer.error = bytes(reason, text.indexOf(0)).toString('latin1') || `code ${code}`
      // An upgrade pauses after the header block, which is the end of a 101.
      if (code === 22) {
        answer.error = ''
        answer.complete = true
      }
    }
  } finally {
    exported.free(data)
    exported.llhttp_free(parser)
  }
  answer.headers = headersDone
  answer.body = Buffer.concat(parts)
  return answer
}
