/** Module `k6/secrets`: values that the script may use and nobody sees. Source: grafana.com/docs/k6, "k6/secrets". */
import type { VuScope } from '../../types.js'
import { goValueError } from '../encoding/go-error.js'
import { goStringArgument, realmObject } from '../encoding/go-values.js'

export function createSecretsModule(vu: VuScope): Record<string, unknown> {
  const source = (name: string): Record<string, unknown> =>
    realmObject(vu.realm, { get: (key?: unknown) => get(vu, name, goStringArgument(key)) })
  // k6 has a default export only.
  return { default: Object.assign(source('default'), { source: (name?: unknown) => source(goStringArgument(name)) }) }
}

function get(vu: VuScope, source: string, key: string): Promise<string> {
  const queue = vu.loop.register()
  return new vu.realm.Promise<string>((resolve, reject) => {
    const fail = (text: string): void => {
      // In k6 a Go error: no `instanceof Error`, its text by String() or error().
      queue(() => reject(goValueError(vu.realm, text, { error: () => text })))
    }
    if (vu.secrets === undefined) return fail('no secret sources are configured')
    vu.secrets.get(source, key).then(
      (value) => queue(() => resolve(value)),
      (error: Error) => fail(error.message),
    )
  })
}
