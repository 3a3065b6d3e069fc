/**
 * Module `k6/execution`: scenario, instance, test, vu. Everything is read when asked.
 * Source: grafana.com/docs/k6, "javascript-api/k6-execution"; texts verified on k6 2.2.
 */
import { exportOptions } from '#config/index.js'
import type { VuScope } from '../types.js'
import type { Vu } from '../vu.js'

export function createExecutionModule(scope: VuScope): Record<string, unknown> {
  const vu = scope as Vu
  const exec = {}
  getters(exec, {
    scenario: () => scenario(vu),
    instance: () => instance(vu),
    test: () => test(vu),
    vu: () => vuInfo(vu),
  })
  // Named imports and the default export are live views of the same four.
  return Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(exec), default: { value: exec, enumerable: true } },
  )
}

function scenario(vu: Vu): object {
  return view(vu, {
    name: () => run(vu).name,
    executor: () => run(vu).config.executor,
    startTime: () => Math.floor(run(vu).startTimeMs),
    progress: () => (run(vu), vu.execution.scenarioProgress()),
    iterationInInstance: () => (run(vu), vu.execution.scenarioIterationInInstance),
    iterationInTest: () => (run(vu), vu.execution.scenarioIterationInTest),
  })
}

function run(vu: Vu): NonNullable<Vu['scenario']> {
  if (vu.scenario !== undefined && vu.phase === 'vu') return vu.scenario
  throw new vu.realm.GoError('getting scenario information outside of the VU context is not supported')
}

function instance(vu: Vu): object {
  const guard = (): void => {
    if (vu.phase !== 'vu' && vu.phase !== 'setup')
      throw new vu.realm.GoError('getting instance information in the init context is not supported')
  }
  return view(vu, {
    currentTestRunDuration: () => (guard(), vu.execution.testRunDurationMs()),
    iterationsCompleted: () => (guard(), vu.execution.iterationsCompleted()),
    iterationsInterrupted: () => (guard(), vu.execution.iterationsInterrupted()),
    vusActive: () => (guard(), vu.execution.vusActive()),
    vusInitialized: () => (guard(), vu.execution.vusInitialized()),
  })
}

function test(vu: Vu): object {
  const methods = {
    abort: (reason?: unknown) => vu.abort(reason === undefined ? '' : String(reason)),
    fail: (reason?: unknown) => vu.fail(reason === undefined ? '' : String(reason)),
  }
  return view(
    vu,
    {
      options: () => {
        if (vu.phase === 'init') throw new vu.realm.GoError('getting test options in the init context is not supported')
        return vu.shared('execution:options:' + vu.id, () =>
          deepFreeze(vu.realm.JSON.parse(JSON.stringify(exportOptions(vu.options))) as object),
        )
      },
    },
    methods,
  )
}

function vuInfo(vu: Vu): object {
  const guard = (): void => {
    if (vu.phase === 'init') throw new vu.realm.GoError('getting VU information in the init context is not supported')
  }
  return view(vu, {
    idInInstance: () => (guard(), vu.id),
    idInTest: () => (guard(), vu.execution.idInTest),
    iterationInInstance: () => (guard(), Math.max(vu.iteration, 0)),
    iterationInScenario: () => {
      guard()
      // In setup and teardown there is no scenario, and k6 answers 0.
      return Math.max(0, vu.execution.iterationInScenario)
    },
    tags: () => (guard(), tagsProxy(vu)),
    metrics: () => {
      guard()
      return view(vu, { tags: () => tagsProxy(vu), metadata: () => metadataProxy(vu) })
    },
  })
}

/** `vu.metrics.tags`: reads and writes go to the tags of every later sample of this VU. */
function tagsProxy(vu: Vu): object {
  const target = vu.realm.Object() as object
  return new Proxy(target, {
    get: (_, key) => (typeof key === 'string' ? vu.tags.get(key) : undefined) ?? (Reflect.get(target, key) as unknown),
    has: (_, key) => typeof key === 'string' && vu.tags.get(key) !== undefined,
    set: (_, key, value) => {
      const name = String(key)
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
        throw new vu.realm.TypeError(
          `invalid value for metric tag '${name}': only String, Boolean and Number types are accepted as a metric tag values`,
        )
      }
      vu.setTag(name, String(value))
      return true
    },
    deleteProperty: (_, key) => {
      vu.deleteTag(String(key))
      return true
    },
    ownKeys: () => vu.tags.entries.map(([key]) => key),
    getOwnPropertyDescriptor: (_, key) => {
      const value = vu.tags.get(String(key))
      return value === undefined ? undefined : { value, writable: true, enumerable: true, configurable: true }
    },
  })
}

function metadataProxy(vu: Vu): object {
  const read = (): Record<string, string> => vu.metadata ?? {}
  const target = vu.realm.Object() as object
  return new Proxy(target, {
    get: (_, key) => (typeof key === 'string' ? read()[key] : undefined) ?? (Reflect.get(target, key) as unknown),
    has: (_, key) => typeof key === 'string' && key in read(),
    set: (_, key, value) => {
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
        throw new vu.realm.TypeError(
          `invalid value for metric metadata '${String(key)}': only String, Boolean and Number types are accepted as a metric metadata values`,
        )
      }
      vu.metadata = { ...read(), [String(key)]: String(value) }
      return true
    },
    deleteProperty: (_, key) => {
      const { [String(key)]: _gone, ...rest } = read()
      vu.metadata = rest
      return true
    },
    ownKeys: () => Object.keys(read()),
    getOwnPropertyDescriptor: (_, key) => {
      const value = read()[String(key)]
      return value === undefined ? undefined : { value, writable: true, enumerable: true, configurable: true }
    },
  })
}

/** An object of the script's realm with read-only live members. */
function view(vu: Vu, members: Readonly<Record<string, () => unknown>>, methods: Record<string, unknown> = {}): object {
  const object = new vu.realm.Object() as object
  for (const [name, get] of Object.entries(members)) {
    Object.defineProperty(object, name, {
      get,
      set: () => {
        throw new vu.realm.TypeError(`Cannot assign to read only property '${name}'`)
      },
      enumerable: true,
      configurable: true,
    })
  }
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(object, name, { value, enumerable: true })
  return object
}

function getters(object: object, members: Readonly<Record<string, () => unknown>>): void {
  for (const [name, get] of Object.entries(members)) Object.defineProperty(object, name, { get, enumerable: true })
}

function deepFreeze<T extends object>(object: T): T {
  for (const value of Object.values(object)) if (typeof value === 'object' && value !== null) deepFreeze(value)
  return Object.freeze(object)
}
