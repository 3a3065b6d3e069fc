/**
 * `k6/jslib/NAME`: the npm packages inside our modules of jslib.k6.io, evaluated in the VU's realm as they are. They are
 * no modules of k6's; only what src/script/jslib serves imports them.
 */
import { jslibPackage } from '#script/jslib/index.js'
import type { ModuleFactory, Realm, VuScope } from '../types.js'
import { createConsole } from './console/index.js'

type Exports = Record<string, unknown>

/** Compiled once a realm; stateless ones are also made once, since a copy for each VU would cost up to a megabyte. */
const compiled = new WeakMap<Realm, Map<string, (vu: VuScope) => Exports>>()

export function createJslibModule(name: string): ModuleFactory {
  return (vu) => {
    let ofRealm = compiled.get(vu.realm)
    if (ofRealm === undefined) compiled.set(vu.realm, (ofRealm = new Map()))
    let make = ofRealm.get(name)
    if (make === undefined) ofRealm.set(name, (make = evaluate(vu.realm, name)))
    return make(vu)
  }
}

function evaluate(realm: Realm, name: string): (vu: VuScope) => Exports {
  const { code, filename, stateless } = jslibPackage(name)
  const factory = realm.Function(`return (${code})\n//# sourceURL=${filename}`)() as (console?: unknown) => Exports
  if (!stateless) return (vu) => factory(createConsole(vu))
  const exports = factory()
  return () => exports
}
