/**
 * A global of the script's own. Scripts never run in perfwright's global: what a script writes to built-in prototypes
 * must not reach the engine, and Node's own globals (process, Buffer, URL, fetch, ...) must not be there, because
 * scripts and polyfills test for them and k6 has none of them.
 */
import vm from 'node:vm'
import type { Realm } from './types.js'

/** A realm plus the means to run compiled code in it. */
export interface ScriptRealm extends Realm {
  /** Evaluates the source of one expression, with `filename` in stack traces. */
  evaluate(source: string, filename: string): unknown
}

/** What V8 offers in a bare global and k6's JavaScript does not (checked against k6 2.2, "globals"). */
const hiddenGlobals = [
  'console',
  'WebAssembly',
  'Intl',
  'WeakRef',
  'FinalizationRegistry',
  'SharedArrayBuffer',
  'Atomics',
  'Iterator',
  'DisposableStack',
  'AsyncDisposableStack',
  'SuppressedError',
  'Float16Array',
  'Temporal',
  'ShadowRealm',
]

// k6 has this class as a global; scripts see it in `e.name`, `String(e)` and `instanceof Error`.
const goErrorSource = `Object.defineProperty(globalThis, 'GoError', { writable: true, configurable: true, value:
  class GoError extends Error {} }); Object.defineProperty(GoError.prototype, 'name', { value: 'GoError', writable: true, configurable: true })`

export function createRealm(): ScriptRealm {
  // An ordinary global object: a contextified one answers every global look-up through a slow interceptor.
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY as unknown as vm.Context) as Record<string, unknown>
  for (const name of hiddenGlobals) delete context[name]
  const script = (source: string, filename: string): unknown =>
    new vm.Script(source, { filename, importModuleDynamically: undefined as never }).runInContext(context as vm.Context)
  script(goErrorSource, 'perfwright:realm')
  // `Error.stackTraceLimit` of 10 would cut stacks that k6 prints whole.
  script('Error.stackTraceLimit = 64', 'perfwright:realm')
  return {
    global: context,
    Object: context['Object'] as ObjectConstructor,
    Array: context['Array'] as ArrayConstructor,
    Error: context['Error'] as ErrorConstructor,
    TypeError: context['TypeError'] as TypeErrorConstructor,
    GoError: context['GoError'] as ErrorConstructor,
    Promise: context['Promise'] as PromiseConstructor,
    JSON: context['JSON'] as JSON,
    ArrayBuffer: context['ArrayBuffer'] as ArrayBufferConstructor,
    Uint8Array: context['Uint8Array'] as Uint8ArrayConstructor,
    Map: context['Map'] as MapConstructor,
    Date: context['Date'] as DateConstructor,
    Function: context['Function'] as FunctionConstructor,
    evaluate: script,
  }
}

/**
 * A fingerprint of every built-in that scripts could patch. Taken before and after the first init: when they differ,
 * the script patches built-ins, and every VU gets a realm of its own so that one VU's patch is not seen by another.
 */
export function fingerprintIntrinsics(realm: ScriptRealm): readonly unknown[] {
  const seen: unknown[] = []
  for (const name of Object.getOwnPropertyNames(realm.global).sort()) {
    const value = realm.global[name]
    seen.push(name, value)
    if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) continue
    if (value === realm.global) continue
    addOwn(seen, value)
    const prototype = (value as { prototype?: unknown }).prototype
    if (typeof prototype === 'object' && prototype !== null) addOwn(seen, prototype)
  }
  return seen
}

export function sameFingerprint(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]))
}

function addOwn(seen: unknown[], target: object): void {
  for (const key of Reflect.ownKeys(target)) {
    // RegExp.$1 and friends change with every match.
    if (typeof key === 'string' && /^(\$|last|leftContext|rightContext|input)/.test(key) && 'lastMatch' in target)
      continue
    const descriptor: PropertyDescriptor | undefined = Object.getOwnPropertyDescriptor(target, key)
    seen.push(key, ...Object.values(descriptor ?? {}))
  }
}
