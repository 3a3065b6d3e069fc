/**
 * Errors that k6 rejects promises with as bare Go values: to a script they are objects with fields, no `instanceof Error`,
 * and text only as a string.
 */
import type { Realm } from '../../types.js'
import { consoleText } from '../console/format.js'
import { realmObject } from './go-values.js'

export function goValueError(realm: Realm, text: string, fields: Readonly<Record<string, unknown>>): object {
  const error = realmObject(realm, fields)
  Object.defineProperty(error, 'toString', { value: () => text })
  Object.defineProperty(error, consoleText, { value: text })
  return error
}
