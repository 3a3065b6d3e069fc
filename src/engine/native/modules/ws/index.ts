/** The module `k6/ws`: a WebSocket whose `connect` blocks until it is closed, and calls the script's handlers meanwhile. */
import type { ModuleFactory, VuScope } from '../../types.js'
import { readWsParams, type WsParams } from './params.js'
import { Session } from './session.js'

export const createWsModule: ModuleFactory = (vu) => {
  const exports = {
    connect: (url: unknown, ...args: unknown[]) => connect(vu, url, args),
  }
  return { ...exports, default: exports }
}

function connect(vu: VuScope, url: unknown, args: readonly unknown[]): unknown {
  const { realm } = vu
  if (vu.phase === 'init') throw new realm.GoError('using websockets in the init context is not supported')
  if (args.length !== 1 && args.length !== 2) throw new realm.GoError('invalid number of arguments to ws.connect')
  const setUp = args[args.length - 1]
  if (typeof setUp !== 'function') throw new realm.GoError('last argument to ws.connect must be a function')
  let params: WsParams
  try {
    params = readWsParams(vu, args.length === 2 ? args[0] : undefined, {
      tagsError: 'invalid ws.connect() metric tags',
      emptyCompression: true,
      unknownKey: undefined,
    })
  } catch (error) {
    throw new realm.GoError((error as Error).message)
  }
  const text = url === undefined ? '' : String(url)
  return vu.loop.host<object>((resolve, reject) => {
    const session = new Session(vu, text, params, setUp as (socket: object) => unknown, resolve, reject)
    session.start()
    return () => session.interrupt()
  })
}
