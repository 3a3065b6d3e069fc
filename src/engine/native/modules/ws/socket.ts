/** The socket object that the function given to `ws.connect` gets. */
import type { Realm } from '../../types.js'

export interface SocketOwner {
  on(event: string, handler: (...args: unknown[]) => unknown): void
  send(message: string): void
  sendBinary(bytes: Uint8Array): void
  sendPing(): void
  later(run: () => unknown, ms: number): void
  every(run: () => unknown, ms: number): void
  closeByScript(code: number): void
}

export function makeSocket(realm: Realm, owner: SocketOwner): object {
  const timer = (name: string, start: (run: () => unknown, ms: number) => void) => (run?: unknown, ms?: unknown) => {
    const callback = callable(realm, run)
    const wait = ms === undefined ? 0 : Number(ms)
    if (!(wait > 0)) {
      const shown = Number.isNaN(wait) ? 'NaN' : wait === -Infinity ? '-Inf' : wait.toFixed(2)
      throw new realm.GoError(`${name} requires a >0 timeout parameter, received ${shown}`)
    }
    start(callback, wait)
  }
  const socket = new realm.Object() as unknown as Record<string, unknown>
  socket['on'] = (event?: unknown, handler?: unknown) => {
    if (typeof handler === 'function') owner.on(String(event), handler as () => unknown)
  }
  socket['send'] = (message?: unknown) => owner.send(message === undefined || message === null ? '' : String(message))
  socket['sendBinary'] = (...args: unknown[]) => owner.sendBinary(binaryArgument(realm, args))
  socket['ping'] = () => owner.sendPing()
  socket['setTimeout'] = timer('setTimeout', (run, ms) => owner.later(run, ms))
  socket['setInterval'] = timer('setInterval', (run, ms) => owner.every(run, ms))
  socket['close'] = (...args: unknown[]) =>
    owner.closeByScript(args.length === 0 ? 1001 : Math.trunc(Number(args[0])) || 0)
  return socket
}

function callable(realm: Realm, value: unknown): () => unknown {
  if (typeof value === 'function') {
    const run = value as (this: undefined) => unknown
    return () => run.call(undefined)
  }
  if (value === undefined) return () => undefined
  throw new realm.TypeError(
    `could not convert function call parameter 0: could not convert ${String(value)} to sobek.Callable`,
  )
}

function binaryArgument(realm: Realm, args: readonly unknown[]): Uint8Array {
  if (args.length === 0) throw new realm.GoError('missing argument, expected ArrayBuffer')
  const [value] = args
  if (Object.prototype.toString.call(value) === '[object ArrayBuffer]') return new Uint8Array(value as ArrayBuffer)
  const shown =
    value === undefined || value === null
      ? String(value)
      : String((value as { constructor?: { name?: unknown } }).constructor?.name)
  throw new realm.GoError(`expected ArrayBuffer as argument, received: ${shown}`)
}
