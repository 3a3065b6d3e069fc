/** The HTTP/2 load client. */
export type { Opening } from './carrier.js'
export { errorName } from './faults.js'
export { Http2Pool } from './pool.js'
export { openSession } from './session.js'
export type { Fields, Http2Session, Http2Stream, Loss, SessionEvents, SessionOptions, StreamListener } from './types.js'
export { h2Code } from './types.js'
