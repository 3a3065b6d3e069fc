/**
 * Which members of k6's modules block: in k6 they stop the script's machine, here they answer a promise that the
 * compiled code awaits. This table is all that the analysis knows of k6. A new blocking export is one line here.
 */

export type NativeMember =
  /** Stops the script until it is done; `returns` names the type of the result. */
  | { readonly kind: 'blocks'; readonly returns?: string }
  /** Calls its argument number `argument` (or every member of it: `members`), so it blocks only if that does. */
  | { readonly kind: 'calls'; readonly argument: number; readonly members?: boolean }
  /** Answers a promise that the script itself handles. */
  | { readonly kind: 'promise'; readonly returns?: string }
  /** Does not block; listed because its result has members that do. */
  | { readonly kind: 'returns'; readonly returns: string }
  /** A class; `instance` names the type of what `new` makes. */
  | { readonly kind: 'class'; readonly instance: string }

export interface BlockingTable {
  /** By module specifier, then by export. The default export is an object with the same members. */
  readonly modules: Readonly<Record<string, Readonly<Record<string, NativeMember>>>>
  /** Members of the objects that k6 functions return. */
  readonly types: Readonly<Record<string, Readonly<Record<string, NativeMember>>>>
}

const blocks: NativeMember = { kind: 'blocks' }
const answers: NativeMember = { kind: 'blocks', returns: 'Response' }
const promise: NativeMember = { kind: 'promise' }

export const blockingTable: BlockingTable = {
  modules: {
    k6: {
      sleep: blocks,
      group: { kind: 'calls', argument: 1 },
      check: { kind: 'calls', argument: 1, members: true },
    },
    'k6/http': {
      get: answers,
      head: answers,
      post: answers,
      put: answers,
      patch: answers,
      del: answers,
      options: answers,
      request: answers,
      batch: { kind: 'blocks', returns: 'Responses' },
      asyncRequest: { kind: 'promise', returns: 'Response' },
    },
    'k6/ws': { connect: blocks },
    'k6/x/sse': { open: blocks },
    'perfwright/streaming': { stream: blocks },
    'k6/net/grpc': { Client: { kind: 'class', instance: 'GrpcClient' } },
    'k6/html': { parseHTML: { kind: 'returns', returns: 'Selection' } },
  },
  types: {
    Response: { submitForm: answers, clickLink: answers, html: { kind: 'returns', returns: 'Selection' } },
    // What `batch` answers is an array or an object of responses: any member of it is one.
    Responses: { '*': { kind: 'returns', returns: 'Response' } },
    GrpcClient: { connect: blocks, invoke: blocks, healthCheck: blocks, asyncInvoke: promise },
    Selection: {},
  },
}
