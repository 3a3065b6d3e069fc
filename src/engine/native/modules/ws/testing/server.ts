/** The WebSocket endpoints of test/targets, on a server of this process. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '#base/package-root.js'

export interface WebSocketServer {
  /** ws://127.0.0.1:port */
  readonly base: string
  /** What the server saw. */
  readonly seen: { readonly closed: { readonly code: number; readonly reason: string }[] }
  stop(): void
}

export async function startWebSocketServer(): Promise<WebSocketServer> {
  const file = join(packageRoot(), 'test', 'targets', 'websocket.mjs')
  const { attachWebSocket } = (await import(pathToFileURL(file).href)) as {
    attachWebSocket: (server: Server) => WebSocketServer['seen']
  }
  const server = createServer()
  const seen = attachWebSocket(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    base: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
