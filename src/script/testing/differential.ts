/**
 * Runs one script twice: as written, against stubs that answer at once, and compiled, against stubs that answer later.
 * What both do to the outside must be the same, call by call: start of a call, its arguments, its end, every error.
 * The reference goes through esbuild's CommonJS output and shares nothing with the transform.
 */
import vm from 'node:vm'
import { build, type BuildResult } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { dirname } from 'node:path'
import { compileScript } from '../compile.js'
import { jslibPackage } from '../jslib/index.js'
import { isPersonsAsync } from '../marker.js'
import type { CompiledScript, ScriptHost } from '../types.js'

export interface Outcome {
  readonly reference: readonly string[]
  readonly compiled: readonly string[]
  readonly script: CompiledScript
}

export interface DifferentialOptions {
  readonly url?: string
  /** Exported functions to run after the init context; `default` unless given. */
  readonly run?: readonly string[]
  readonly jslib?: (url: string) => string | undefined
}

/** Ends a run that would go on for ever; the same number of calls on both sides. */
const maxEntries = 1500
/** For promises that no stub will ever settle. */
const patienceMs = 1500

export async function differential(contents: string, options: DifferentialOptions = {}): Promise<Outcome> {
  const url = options.url ?? 'file:///x/script.js'
  const script = await compileScript({ url, contents }, options.jslib === undefined ? {} : { jslib: options.jslib })
  const compiled = await runCompiled(script, options.run)
  const reference = await runReference(contents, url, options)
  return { reference, compiled, script }
}

export async function runReference(
  contents: string,
  url: string,
  options: DifferentialOptions = {},
): Promise<string[]> {
  const result = await buildReference(contents, url, options, 'cjs').catch((error: unknown) => {
    if (!String((error as Error).message).includes('Top-level await')) throw error
    return buildReference(contents, url, options, 'esm')
  })
  const code = result.outputFiles?.[0]?.text ?? ''
  const world = new World(false)
  const module = { exports: {} as Record<string, unknown> }
  const ready = await world.attempt('init', async () => {
    const factory = world.evaluate(
      `(async function (module, exports, require, open) { "use strict"; { ${withoutModules(code)}\n} })`,
    ) as (...args: unknown[]) => unknown
    await factory(
      module,
      module.exports,
      (name: string) => world.module(name),
      (path: string, mode?: string) => world.open(path, mode),
    )
  })
  if (ready) await world.runAll(module.exports, options.run)
  return world.trace
}

// What esbuild prints, without imports and exports: those of an ES module that awaits at its top level, and its interop
// of CommonJS, which enumerates a stub's members where the stub only answers when asked.
function withoutModules(code: string): string {
  return code
    .replace(/__toESM\(require\(("k6[^"]*")\)(?:, 1)?\)/g, 'require($1)')
    .replace(/^import (\w+) from "([^"]+)";$/gm, 'const $1 = require("$2").default;')
    .replace(/^import \* as (\w+) from "([^"]+)";$/gm, 'const $1 = require("$2");')
    .replace(
      /^import \{([^}]*)\} from "([^"]+)";$/gm,
      (_all, names: string, from: string) => `const {${names.replace(/ as /g, ': ')}} = require("${from}");`,
    )
    .replace(/^export \{([^}]*)\};$/gm, (_all, names: string) =>
      names
        .split(',')
        .map((name) => name.trim().split(' as '))
        .filter(([local]) => local !== '')
        .map(([local, as]) => `module.exports[${JSON.stringify(as ?? local)}] = ${local};`)
        .join(' '),
    )
}

function buildReference(
  contents: string,
  url: string,
  options: DifferentialOptions,
  format: 'cjs' | 'esm',
): Promise<BuildResult> {
  return build({
    stdin: {
      contents,
      sourcefile: fileURLToPath(url),
      resolveDir: dirname(fileURLToPath(url)),
      loader: url.endsWith('.ts') ? 'ts' : 'js',
    },
    bundle: true,
    write: false,
    format,
    platform: 'neutral',
    target: 'es2022',
    logLevel: 'silent',
    mainFields: ['module', 'main'],
    plugins: [
      {
        name: 'k6',
        setup(on) {
          on.onResolve({ filter: /^k6(\/|$)/ }, (args) => ({ path: args.path, external: true }))
          on.onResolve({ filter: /^https?:/ }, (args) => ({ path: args.path, namespace: 'remote' }))
          on.onLoad({ filter: /.*/, namespace: 'remote' }, (args) => ({
            contents: options.jslib?.(args.path) ?? '',
            loader: 'js',
          }))
        },
      },
    ],
  })
}

export async function runCompiled(script: CompiledScript, run?: readonly string[]): Promise<string[]> {
  const world = new World(true)
  let exports: Record<string, unknown> = {}
  const ready = await world.attempt('init', async () => {
    const factory = world.evaluate(script.code) as (host: ScriptHost) => unknown
    exports = (await factory(world.host())) as Record<string, unknown>
  })
  if (ready) await world.runAll(exports, run)
  return world.trace
}

class Stop {}

/** One realm with stubs of k6's modules, recording. */
class World {
  readonly trace: string[] = []
  readonly #later: boolean
  readonly #context: vm.Context
  readonly #modules = new Map<string, Record<string, unknown>>()
  readonly #timers: (() => unknown)[] = []
  readonly #global: Record<string, unknown>
  #polls = 0
  #pumping = false
  #blocked = 0

  constructor(later: boolean) {
    this.#later = later
    this.#context = vm.createContext({})
    this.#global = vm.runInContext('globalThis', this.#context) as Record<string, unknown>
    vm.runInContext(
      `{ let seed = 1; Math.random = () => (seed = (seed * 16807) % 2147483647) / 2147483647
         let now = 1700000000000; const D = Date
         globalThis.Date = class Date extends D { constructor(...args) { if (args.length === 0) super(now += 5); else super(...args) } static now() { return now += 5 } } }
       delete globalThis.console; delete globalThis.WebAssembly`,
      this.#context,
    )
    const members: Record<string, unknown> = {
      console: Object.fromEntries(
        ['log', 'debug', 'info', 'warn', 'error'].map((name) => [
          name,
          (...args: unknown[]) => this.#note(`console.${name}`, args),
        ]),
      ),
      __ENV: {},
      __VU: 1,
      __ITER: 0,
      global: this.#global,
      setTimeout: (fn: () => unknown) => this.#timer(fn),
      clearTimeout: () => undefined,
      setInterval: (fn: () => unknown) => this.#timer(fn),
      clearInterval: () => undefined,
      crypto: anything('crypto'),
      TextEncoder: anything('TextEncoder'),
      TextDecoder: anything('TextDecoder'),
    }
    Object.assign(this.#global, members)
  }

  evaluate(code: string): unknown {
    return vm.runInContext(code, this.#context, { timeout: 5000, filename: 'script.js' })
  }

  host(): ScriptHost {
    return {
      module: (name) => this.module(name),
      global: this.#global,
      poll: () => {
        if (++this.#polls > 200) throw new Stop()
      },
      isInterrupt: (error) => error instanceof Stop,
      resolve: (specifier, from) => new URL(specifier, from).href,
      open: (path, mode) => this.open(path, mode),
    }
  }

  open(path: string, mode?: string): unknown {
    this.#note('open', mode === undefined ? [path] : [path, mode])
    return mode === 'b' ? new ArrayBuffer(4) : `[{"name":"${path}"},{"name":"b"}]`
  }

  async attempt(what: string, run: () => unknown): Promise<boolean> {
    try {
      const ended = await Promise.race([
        Promise.resolve(run()).then(() => true),
        new Promise((resolve) => setTimeout(resolve, patienceMs, false)),
      ])
      if (ended === false) this.trace.push(`${what} never ends`)
      return true
    } catch (error) {
      this.trace.push(error instanceof Stop ? `${what}: stopped` : `${what} threw ${describeError(error)}`)
      return false
    }
  }

  async runAll(
    exports: Record<string, unknown>,
    names: readonly string[] = ['setup', 'default', '*', 'teardown', 'handleSummary'],
  ): Promise<void> {
    const expanded = names.flatMap((name) =>
      name === '*'
        ? Object.keys(exports)
            .sort()
            .filter((key) => !fixed.has(key))
        : [name],
    )
    let data: unknown
    for (const name of expanded) {
      const fn = exports[name]
      if (typeof fn !== 'function') continue
      this.trace.push(`-- ${name}`)
      await this.attempt(name, async () => {
        this.#context['$fn'] = fn
        this.#context['$data'] = name === 'handleSummary' ? anything('summary') : data
        let result: unknown
        result = await vm.runInContext('$fn($data)', this.#context, { timeout: 5000 })
        if (name === 'setup') data = result
        this.trace.push(`${name} -> ${show(result)}`)
      })
      await this.#idle()
    }
  }

  // As on the VU's loop: a timer's callback waits while something blocks, and one runs after the other.
  #timer(fn: () => unknown): number {
    this.#timers.push(fn)
    if (!this.#pumping) {
      this.#pumping = true
      setImmediate(() => void this.#pump())
    }
    return this.#timers.length
  }

  async #pump(): Promise<void> {
    while (this.#timers.length > 0) {
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#blocked > 0) continue
      const timer = this.#timers.shift()
      await this.attempt('timer', () => timer?.())
    }
    this.#pumping = false
  }

  async #idle(): Promise<void> {
    while (this.#pumping || this.#blocked > 0) await new Promise((resolve) => setImmediate(resolve))
  }

  module(name: string): Record<string, unknown> {
    let module = this.#modules.get(name)
    if (module === undefined) {
      module = this.#make(name)
      this.#modules.set(name, module)
    }
    return module
  }

  #note(what: string, args: readonly unknown[]): void {
    if (this.trace.length > maxEntries) throw new Stop()
    this.trace.push(`${what}(${args.map(show).join(', ')})`)
  }

  /** A blocking function: notes its start and its end around the answer. */
  #blocking(what: string, answer: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
    return (...args) => {
      this.#note(what, args)
      const finish = (): unknown => {
        this.#note(`${what} done`, [])
        return answer(...args)
      }
      if (!this.#later) return finish()
      this.#blocked++
      return new Promise((resolve, reject) => {
        setImmediate(() => {
          this.#blocked--
          try {
            resolve(finish())
          } catch (error) {
            reject(error as Error)
          }
        })
      })
    }
  }

  #make(name: string): Record<string, unknown> {
    if (name === 'k6') {
      const functions = {
        sleep: this.#blocking('sleep', () => undefined),
        check: (...args: unknown[]) => this.#check(args),
        group: (...args: unknown[]) => this.#group(args),
        fail: (message: unknown) => {
          throw new Error(String(message))
        },
        randomSeed: () => undefined,
      }
      return { default: functions, ...functions }
    }
    if (name === 'k6/http') {
      const methods: Record<string, unknown> = {}
      for (const method of ['get', 'head', 'post', 'put', 'patch', 'del', 'options', 'request']) {
        methods[method] = this.#blocking(`http.${method}`, (...args) => this.#response(args[0]))
      }
      methods['batch'] = this.#blocking('http.batch', (list) =>
        Array.isArray(list) || Object.prototype.toString.call(list) === '[object Array]'
          ? (list as unknown[]).map(() => this.#response('batch'))
          : Object.fromEntries(Object.keys((list ?? {}) as object).map((key) => [key, this.#response(key)])),
      )
      methods['asyncRequest'] = (...args: unknown[]) => {
        this.#note('http.asyncRequest', args)
        return Promise.resolve(this.#response(args[1]))
      }
      const rest = anything('http')
      const module = new Proxy(methods, {
        get: (target, key) =>
          key === 'default' ? module : key in target ? target[key as string] : rest[key as string],
      }) as Record<string, unknown>
      return module
    }
    if (name === 'k6/data') {
      const SharedArray = function (_name: string, fn: () => unknown): unknown {
        return fn()
      }
      return { default: { SharedArray }, SharedArray }
    }
    if (name === 'k6/ws') {
      const connect = this.#blocking('ws.connect', (_url, params, fn) => {
        const call = (typeof params === 'function' ? params : fn) as ((socket: unknown) => unknown) | undefined
        call?.(this.#recorder('socket'))
        return { status: 101 }
      })
      return { default: { connect }, connect }
    }
    if (name === 'k6/net/grpc' || name === 'k6/experimental/grpc') {
      const world = this
      class Client {
        connect = world.#blocking('grpc.connect', () => undefined)
        invoke = world.#blocking('grpc.invoke', () => ({ status: 0, message: anything('message') }))
        healthCheck = world.#blocking('grpc.healthCheck', () => ({ status: 0 }))
        load = () => []
        close = () => undefined
      }
      const module: Record<string, unknown> = { Client, Stream: this.#recorder('Stream'), StatusOK: 0 }
      module['default'] = module
      return module
    }
    if (name.startsWith('k6/jslib/'))
      return (this.evaluate(jslibPackage(name.slice(9)).code) as () => Record<string, unknown>)()
    const recorder = this.#recorder(name)
    return new Proxy(recorder, { get: (target, key) => (key === 'default' ? recorder : target[key as string]) })
  }

  #recorder(name: string): Record<string, unknown> {
    return anything(name, (what, args) => this.#note(what, args))
  }

  #response(url: unknown): Record<string, unknown> {
    const self: Record<string, unknown> = {
      status: 200,
      url: String(url),
      body: 'body {"a":1} <title>x</title>',
      error: '',
      headers: { 'Content-Type': 'text/html', Location: '/x' },
      cookies: {},
      timings: { duration: 12.5, waiting: 10 },
      request: { headers: {}, body: '' },
      json: (path?: string) => anything(`json${path ?? ''}`),
      html: () => anything('html'),
      submitForm: this.#blocking('submitForm', () => this.#response('form')),
      clickLink: this.#blocking('clickLink', () => this.#response('link')),
    }
    return self
  }

  #group([name, fn]: readonly unknown[]): unknown {
    if (isPersonsAsync(fn)) throw new Error('group() does not support async functions')
    this.#note('group', [name])
    const end = (): void => this.#note('group end', [name])
    let result: unknown
    try {
      result = (fn as () => unknown)()
    } catch (error) {
      end()
      throw error
    }
    if (!compiledPromise(result, fn)) {
      end()
      return result
    }
    return (result as Promise<unknown>).then(
      (value) => {
        end()
        return value
      },
      (error: unknown) => {
        end()
        throw error
      },
    )
  }

  #check([value, checks]: readonly unknown[]): unknown {
    const names = Object.keys((checks ?? {}) as object)
    const next = (from: number, passed: boolean): unknown => {
      for (let i = from; i < names.length; i++) {
        const name = names[i] as string
        const predicate = (checks as Record<string, unknown>)[name]
        if (isPersonsAsync(predicate)) throw new Error('check() does not support async functions')
        const result = typeof predicate === 'function' ? (predicate as (v: unknown) => unknown)(value) : predicate
        if (compiledPromise(result, predicate)) {
          const so = passed
          return (result as Promise<unknown>).then((late) => {
            this.#note('check', [name, Boolean(late)])
            return next(i + 1, so && Boolean(late))
          })
        }
        this.#note('check', [name, Boolean(result)])
        passed &&= Boolean(result)
      }
      return passed
    }
    return next(0, true)
  }
}

const fixed = new Set(['setup', 'default', 'teardown', 'handleSummary', 'options'])

function compiledPromise(value: unknown, fn: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function' &&
    Object.prototype.toString.call(fn) === '[object AsyncFunction]' &&
    !isPersonsAsync(fn)
  )
}

/** A value that answers to everything, so that scripts get far without real data. */
function anything(
  path: string,
  note?: (what: string, args: readonly unknown[]) => void,
  depth = 0,
): Record<string, unknown> {
  const made = new Map<string | symbol, unknown>()
  const target = function (): void {}
  const child = (name: string): unknown =>
    depth > 12 ? undefined : anything(`${path}.${name}`.slice(-60), note, depth + 1)
  const proxy: unknown = new Proxy(target, {
    get: (_t, key) => {
      if (key === 'then' || key === 'toJSON' || key === '__esModule') return undefined
      if (key === 'length') return 2
      if (key === Symbol.toPrimitive) return () => '1'
      if (key === Symbol.iterator) {
        return function* () {
          yield child('0')
          yield child('1')
        }
      }
      if (typeof key === 'symbol') return undefined
      if (!made.has(key)) made.set(key, child(key))
      return made.get(key)
    },
    set: (_t, key, value) => {
      made.set(key, value)
      return true
    },
    has: () => true,
    apply: (_t, _self, args: unknown[]) => {
      note?.(path, args)
      return child('()')
    },
    construct: (_t, args: unknown[]) => {
      note?.(`new ${path}`, args)
      return child('{}') as object
    },
    ownKeys: () => ['prototype'],
    getOwnPropertyDescriptor: (t, key) => Reflect.getOwnPropertyDescriptor(t, key),
    defineProperty: () => true,
    getPrototypeOf: () => Object.prototype,
  })
  names.set(proxy as object, path)
  return proxy as Record<string, unknown>
}

const names = new WeakMap<object, string>()
// Where something happened, in texts that scripts make of stack traces.
const places = /\s*(?:\u001b\[\d+m)*(?:\bat\b|At|Filename|Line)(?:\u001b\[\d+m)*:?(?:\u001b\[\d+m)* .*/g

/** A value in the trace; a promise where a value should be stands out. */
export function show(value: unknown, depth: unknown = 0): string {
  const level = typeof depth === 'number' ? depth : 0
  if (typeof value === 'function') return names.get(value) ?? 'function'
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? JSON.stringify(value.replace(places, '')) : String(value)
  const tag = Object.prototype.toString.call(value)
  if (tag === '[object Promise]') return 'PROMISE'
  if (level > 3) return '…'
  if (tag === '[object Array]') return `[${(value as unknown[]).map((item) => show(item, level + 1)).join(', ')}]`
  if (tag === '[object Object]') {
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}: ${show(item, level + 1)}`)
      .join(', ')}}`
  }
  if (tag === '[object Error]') return describeError(value)
  return tag
}

function describeError(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) {
    // V8 quotes the source in its messages, and esbuild's differs from ours.
    const message = String((error as Error).message).replace(/\(0 , |\(intermediate value\)|[\w$]+\.(?=\w)/g, '')
    return `${(error as Error).name}: ${message}`
  }
  return show(error)
}
