/** The module `k6/websockets`: the browser's WebSocket API on the VU's event loop, and `Blob`. */
import type { ModuleFactory } from '../../types.js'
import { makeBlobClass } from './blob.js'
import { openSocket } from './socket.js'

export const createWebSocketsModule: ModuleFactory = (vu) => {
  const blobs = makeBlobClass(vu)
  // k6's constructor may be called without `new`, too, and answers a plain object.
  function WebSocket(url?: unknown, protocols?: unknown, params?: unknown): object {
    return openSocket(vu, blobs, url, protocols, params)
  }
  return { WebSocket, Blob: blobs.Blob }
}

/** The module's old name, with k6's warning. */
export const createExperimentalWebSocketsModule: ModuleFactory = (vu) => {
  vu.shared('k6/experimental/websockets:warned', () => {
    vu.log.warn(
      'k6/experimental/websockets is deprecated and will be removed in a future release. Please use k6/websockets instead.',
    )
    return true
  })
  return createWebSocketsModule(vu)
}
