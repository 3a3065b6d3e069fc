/** Module `k6/encoding`: b64encode, b64decode. Texts of errors are k6's, verified on k6 2.2. */
import type { VuScope } from '../../types.js'
import { base64Variant, decodeBase64, encodeBase64 } from './base64.js'
import { goStringArgument, goText, toArrayBuffer, toBytes } from './go-values.js'

export function createEncodingModule(vu: VuScope): Record<string, unknown> {
  const realm = vu.realm
  const functions = {
    b64encode: (input?: unknown, encoding?: unknown): string =>
      encodeBase64(toBytes(realm, input), base64Variant(goStringArgument(encoding))),
    b64decode: (input?: unknown, encoding?: unknown, format?: unknown): string | ArrayBuffer => {
      const decoded = decodeBase64(goStringArgument(input), base64Variant(goStringArgument(encoding)))
      if (typeof decoded === 'number') throw new realm.GoError(`illegal base64 data at input byte ${decoded}`)
      return goStringArgument(format) === 's' ? goText(decoded) : toArrayBuffer(realm, decoded)
    },
  }
  return { default: functions, ...functions }
}
