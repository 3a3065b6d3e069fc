/** A stream as an async iterable of the script's realm: `for await (const event of events('POST', url, body)) { ... }`. */
import type { VuScope } from '../../types.js'
import type { Stream, StreamSink } from './stream.js'

/** Pieces that may wait before the socket is read no more. */
const maxWaiting = 1000

interface Asking {
  /** On the VU's loop. */
  readonly settle: (callback: () => void) => void
  readonly resolve: (step: object) => void
  readonly reject: (error: unknown) => void
}

/**
 * @param throws  an error of the request is thrown out of the loop; otherwise it stands in `result.error`
 * @returns an object with `[Symbol.asyncIterator]`, `close()` and, once it is over, `result`
 */
export function iterate(vu: VuScope, throws: boolean, make: (sink: StreamSink) => Stream): object {
  const { realm } = vu
  const waiting: object[] = []
  let asking: Asking | undefined
  let paused = false
  let started = false
  let failure = ''
  const shown = new realm.Object() as unknown as Record<string | symbol, unknown>
  shown['result'] = null
  const over = (): boolean => shown['result'] !== null

  const step = (value: unknown, done: boolean): object => {
    const object = new realm.Object() as unknown as Record<string, unknown>
    object['value'] = value
    object['done'] = done
    return object
  }
  const answer = (): void => {
    if (asking === undefined) return
    const { settle, resolve, reject } = asking
    const piece = waiting.shift()
    if (piece === undefined && !over()) return
    asking = undefined
    if (piece !== undefined) settle(() => resolve(step(piece, false)))
    else if (failure !== '' && throws) settle(() => reject(new realm.GoError(failure)))
    else settle(() => resolve(step(undefined, true)))
    if (paused && waiting.length < maxWaiting / 2) {
      paused = false
      stream.resume()
    }
  }
  const stream = make({
    opened() {},
    piece(piece) {
      waiting.push(piece)
      answer()
      if (waiting.length > maxWaiting && !paused) {
        paused = true
        stream.pause()
      }
    },
    ended(result, error) {
      failure = error
      shown['result'] = result
      channel.close()
      answer()
    },
  })
  // Keeps the iteration alive while the stream runs, as a socket does, and ends the stream with it.
  const channel = vu.loop.channel(() => stream.abandon())
  const start = (): void => {
    if (started) return
    started = true
    stream.start()
  }
  shown['close'] = () => stream.close()
  const iterator = new realm.Object() as unknown as Record<string, unknown>
  iterator['next'] = () => {
    start()
    return new realm.Promise<object>((resolve, reject) => {
      asking = { settle: vu.loop.register(), resolve, reject }
      answer()
    })
  }
  iterator['return'] = () => {
    waiting.length = 0
    if (started) stream.close()
    return realm.Promise.resolve(step(undefined, true))
  }
  shown[Symbol.asyncIterator] = () => iterator
  start()
  return shown
}
