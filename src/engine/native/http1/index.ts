/** The HTTP/1.1 load client. */
export { parseTarget } from './target.js'
export { createTransport, type Transport, type TransportOptions } from './transport.js'
export type { Connections, Target, WireRequest, WireResponse } from './types.js'
