/** The value that a script's error handler gets: a Go error seen through k6's bridge. */
import type { Realm } from '../../types.js'
import type { WsEnd } from './client.js'

/** `e.error()` and `String(e)` are its text; the end of a WebSocket has `code` and `text`, too. */
export function goErrorValue(realm: Realm, text: string, end?: WsEnd): object {
  const value = new realm.Object() as unknown as Record<string, unknown>
  if (end !== undefined && end.code !== 0) {
    value['code'] = end.code
    value['text'] = end.reason
  }
  value['error'] = () => text
  Object.defineProperty(value, 'toString', { value: () => text })
  return value
}
