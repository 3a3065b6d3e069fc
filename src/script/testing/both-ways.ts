/**
 * Runs a script twice against a recording stub of the k6 API: as written, with a stub that answers at once, and compiled,
 * with a stub whose blocking functions answer promises, as the engine's do. What both did must be the same.
 */
import { inspect } from 'node:util'
import vm from 'node:vm'
import { transform } from 'esbuild'
import { compileScript } from '../compile.js'
import { isPersonsAsync } from '../marker.js'
import { noteThrown } from '../stack.js'
import type { CompiledScript, ScriptHost } from '../types.js'

export interface Run {
  /** Calls of the stub and lines of the console, in order. */
  readonly trace: readonly string[]
  readonly outcome: string
}

export interface BothRuns {
  readonly asWritten: Run
  readonly compiled: Run
  readonly script: CompiledScript
}

/** @param exported  function of the script that is called after its init */
export async function runBothWays(
  source: string,
  exported = 'default',
  url = 'file:///load/script.js',
): Promise<BothRuns> {
  const script = await compileScript({ url, contents: source })
  return { asWritten: await runAsWritten(source, exported, url), compiled: await runCompiled(script, exported), script }
}

/** The script as it is, in a CommonJS shell, over a stub that never answers a promise where k6 does not. */
export async function runAsWritten(source: string, exported: string, url: string): Promise<Run> {
  const cjs = await transform(source.replaceAll('import.meta', 'importMeta'), {
    format: 'cjs',
    target: 'esnext',
    loader: url.endsWith('.ts') ? 'ts' : 'js',
    supported: { 'dynamic-import': false },
    logLevel: 'silent',
    // The shell takes part in strict mode only if the source did.
    banner: /^\s*(import|export)\b/m.test(source) ? '"use strict";' : '',
  })
  const stub = createStub(false)
  const shell = stub.evaluate(
    `(function (exports, require, module, open, importMeta) {${cjs.code}\n})`,
    'file:///as-written.js',
  ) as (...args: unknown[]) => void
  return stub.run(async () => {
    const module = { exports: {} as Record<string, unknown> }
    const open = (path: string, mode?: string): unknown => stub.host.open(path, mode, url)
    const meta = { url, resolve: (specifier: string) => stub.host.resolve(specifier, url) }
    shell.call(undefined, module.exports, (name: string) => esModule(stub.host.module(name)), module, open, meta)
    return await (module.exports[exported] as () => unknown)()
  })
}

/** What the compiled script throws. */
export async function thrownBy(script: CompiledScript, exported = 'default'): Promise<unknown> {
  const stub = createStub(true)
  try {
    const factory = stub.evaluate(script.code, script.filename) as (host: ScriptHost) => unknown
    const exports = (await factory(stub.host)) as Record<string, () => unknown>
    await exports[exported]?.()
  } catch (error) {
    return error
  }
  return undefined
}

export async function runCompiled(script: CompiledScript, exported: string): Promise<Run> {
  const stub = createStub(true)
  const factory = stub.evaluate(script.code, script.filename) as (host: ScriptHost) => unknown
  return stub.run(async () => {
    const exports = (await factory(stub.host)) as Record<string, () => unknown>
    return await exports[exported]?.()
  })
}

function esModule(module: Record<string, unknown>): Record<string, unknown> {
  return { __esModule: true, ...module }
}

interface Stub {
  readonly host: ScriptHost
  evaluate(code: string, filename: string): unknown
  run(fn: () => Promise<unknown>): Promise<Run>
}

class Interrupt extends Error {}

function createStub(asynchronous: boolean): Stub {
  const context = vm.createContext({}) as Record<string, unknown>
  vm.runInContext('globalThis.GoError = class GoError extends Error {}', context)
  const realm = vm.runInContext('globalThis', context) as Record<string, unknown>
  const trace: string[] = []
  const show = (value: unknown): string =>
    typeof value === 'function'
      ? 'function'
      : inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY, compact: true })
  const note = (name: string, args: readonly unknown[]): void => {
    trace.push(`${name}(${args.map(show).join(', ')})`)
  }
  const RealmPromise = vm.runInContext('Promise', context) as PromiseConstructor
  // A promise in place of a value is what must never happen: turned into text it shows in the trace.
  const blocks =
    (name: string, answer: (...args: unknown[]) => unknown) =>
    (...args: unknown[]): unknown => {
      note(name, args)
      if (!asynchronous) return answer(...args)
      return new RealmPromise((resolve, reject) => {
        setImmediate(() => {
          try {
            resolve(answer(...args))
          } catch (error) {
            reject(error)
          }
        })
      })
    }
  const response = (name: string, url: unknown): Record<string, unknown> => {
    if (String(url).includes('fail')) throw new (realm['TypeError'] as ErrorConstructor)(`cannot reach ${String(url)}`)
    return {
      status: 200,
      url,
      body: `${name} ${String(url)}`,
      headers: {},
      json: () => ({ id: 7, items: [1, 2, 3] }),
      submitForm: blocks('submitForm', () => response('form', url)),
      clickLink: blocks('clickLink', () => response('link', url)),
    }
  }
  const http: Record<string, unknown> = {}
  for (const name of ['get', 'head', 'post', 'put', 'patch', 'del', 'options'])
    http[name] = blocks(`http.${name}`, (url) => response(name, url))
  http['request'] = blocks('http.request', (method, url) => response(String(method), url))
  http['batch'] = blocks('http.batch', (requests) =>
    vmArray((requests as unknown[]).map((url) => response('batch', url))),
  )
  const vmArray = (items: unknown[]): unknown =>
    (vm.runInContext('(items) => Array.from(items)', context) as (i: unknown[]) => unknown)(items)
  http['asyncRequest'] = (method: string, url: string) => {
    note('http.asyncRequest', [method, url])
    return RealmPromise.resolve(response(method, url))
  }
  const whenDone = (value: unknown, next: (value: unknown) => unknown): unknown =>
    asynchronous && typeof (value as { then?: unknown } | undefined)?.then === 'function'
      ? (value as Promise<unknown>).then(next)
      : next(value)
  const k6 = {
    sleep: blocks('sleep', () => undefined),
    group: (name: string, fn: () => unknown): unknown => {
      note('group', [name])
      if (isPersonsAsync(fn)) throw new Error('group() does not support async functions')
      return whenDone(fn(), (value) => {
        note('end of group', [name])
        return value
      })
    },
    check: (value: unknown, checks: Record<string, unknown>): unknown => {
      const names = Object.keys(checks)
      let all = true
      const step = (i: number): unknown => {
        const name = names[i]
        if (name === undefined) return all
        const check = checks[name]
        return whenDone(typeof check === 'function' ? (check as (v: unknown) => unknown)(value) : check, (result) => {
          note('check', [name, Boolean(result)])
          if (!result) all = false
          return step(i + 1)
        })
      }
      return step(0)
    },
    fail: (message: string) => {
      throw new (realm['GoError'] as ErrorConstructor)(message)
    },
  }
  class Client {
    connect = blocks('grpc.connect', () => undefined)
    invoke = blocks('grpc.invoke', (method) => ({ status: 0, message: method }))
  }
  const modules: Record<string, Record<string, unknown>> = {
    k6: { default: k6, ...k6 },
    'k6/http': { default: http, ...http },
    'k6/net/grpc': { default: { Client }, Client },
    'k6/execution': { default: { vu: { idInTest: 1 } } },
  }
  Object.assign(context, {
    console: { log: (...args: unknown[]) => note('console.log', args) },
    __ENV: { HOST: 'http://127.0.0.1' },
    __VU: 1,
    __ITER: 0,
    setTimeout,
  })
  const host: ScriptHost = {
    module: (specifier) => modules[specifier] ?? {},
    global: realm,
    poll: () => {
      if (++polls > 40) throw new Interrupt('told to stop')
    },
    thrown: noteThrown,
    isInterrupt: (error) => error instanceof Interrupt,
    resolve: (specifier, fromUrl) => new URL(specifier, fromUrl).href,
    open: (path, mode, fromUrl) => `${path} ${mode ?? ''} from ${fromUrl}`,
  }
  let polls = 0
  return {
    host,
    evaluate: (code, filename) => new vm.Script(code, { filename }).runInContext(context),
    run: async (fn) => {
      let outcome: string
      try {
        outcome = `returned ${show(await fn())}`
      } catch (error) {
        outcome = `threw ${String(error)}`
      }
      return { trace, outcome }
    },
  }
}
