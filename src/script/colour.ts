/**
 * Decides which functions turn async and what happens at each call, from what the flow analysis found.
 * A function is coloured when a call in it may block; a call may block when a function that it may reach is coloured.
 */
import type { Fn, Node, Program } from './ast.js'
import type { FlowResult } from './flow/analyse.js'
import type { Site } from './flow/model.js'

export interface Colouring {
  /** Functions that the transform makes async; they were not async before. */
  readonly madeAsync: ReadonlySet<Fn>
  /** Of these, the ones that may answer a promise of the person's own, which awaiting must not open. */
  readonly boxed: ReadonlySet<Fn>
  /** Classes whose constructors block and are run by an awaited initialiser instead. */
  readonly constructors: ReadonlySet<Node>
  readonly topLevelAwait: boolean
  readonly refusals: readonly Refusal[]
}

/** How a call is emitted; hangs on the call's node as `$plan`. */
export type CallPlan =
  /** `await f()` */
  | 'await'
  /** `unbox(await f())`: the result may be a person's promise in its box. */
  | 'unbox'
  /** What is called is only known when it is called. */
  | 'dynamic'
  /** A native calls a function that blocks: its awaiting twin. */
  | 'twin'
  /** `new C()` of a class whose constructor blocks. */
  | 'construct'
  /** Cannot be awaited here and probably does not block: throws when it does. */
  | 'guard'

export interface Refusal {
  readonly node: Node
  readonly reason: RefusalReason
}
export type RefusalReason =
  | 'constructor'
  | 'getter'
  | 'setter'
  | 'generator'
  | 'field'
  | 'iterator'
  | 'coercion'
  | 'native'
  | 'module'

const implicitlyCalled = new Set(['toString', 'valueOf', 'toJSON'])

export function colour(program: Program, flow: FlowResult): Colouring {
  return new Colourer(program, flow).run()
}

class Colourer {
  readonly #program: Program
  readonly #flow: FlowResult
  readonly #coloured = new Set<Fn>()
  readonly #callers = new Map<Fn, Site[]>()
  readonly #blocking = new Set<Site>()
  readonly #queue: Site[] = []
  readonly #refusals: Refusal[] = []
  readonly #constructors = new Set<Node>()
  #anythingBlocks = false

  constructor(program: Program, flow: FlowResult) {
    this.#program = program
    this.#flow = flow
  }

  run(): Colouring {
    for (const site of this.#flow.sites) {
      for (const fn of site.targets) this.#addCaller(fn, site)
      for (const fn of site.callbacks) this.#addCaller(fn, site)
    }
    for (const site of this.#flow.sites) if (site.blocks) this.#block(site)
    if (this.#flow.blockingEscaped) this.#openAnything()
    for (;;) {
      const site = this.#queue.pop()
      if (site === undefined) break
      this.#colour(site.fn)
    }
    const madeAsync = new Set<Fn>()
    for (const fn of this.#coloured) if (this.#canTurnAsync(fn)) madeAsync.add(fn)
    const boxed = new Set<Fn>()
    for (const fn of madeAsync) if (this.#flow.answersPromise.has(fn) && !this.#flow.later.has(fn)) boxed.add(fn)
    for (const site of this.#blocking) this.#plan(site, boxed)
    for (const fn of madeAsync) {
      if (implicitlyCalled.has(fn.name) && (fn.kind === 'method' || fn.node['$name'] === fn.name))
        this.#refuse(fn.node, 'coercion')
    }
    return {
      madeAsync,
      boxed,
      constructors: this.#constructors,
      topLevelAwait: this.#coloured.has(this.#program.functions[0] as Fn) || awaitsAtTopLevel(this.#program.root),
      refusals: this.#refusals,
    }
  }

  #addCaller(fn: Fn, site: Site): void {
    const callers = this.#callers.get(fn)
    if (callers === undefined) this.#callers.set(fn, [site])
    else callers.push(site)
  }

  #block(site: Site): void {
    if (this.#blocking.has(site)) return
    this.#blocking.add(site)
    this.#queue.push(site)
  }

  #colour(fn: Fn): void {
    if (this.#coloured.has(fn)) return
    this.#coloured.add(fn)
    // A person's async function answers its promise at once; what calls it goes on.
    if (fn.isAsync) return
    // Calling a generator runs nothing of it; accessors and initialisers are refused where they block.
    if (fn.isGenerator || fn.kind === 'getter' || fn.kind === 'setter' || fn.kind === 'initializer') return
    for (const site of this.#callers.get(fn) ?? []) this.#block(site)
    if (this.#flow.escaped.has(fn)) this.#openAnything()
  }

  #openAnything(): void {
    if (this.#anythingBlocks) return
    this.#anythingBlocks = true
    for (const site of this.#flow.sites) if (site.opaque) this.#block(site)
  }

  #canTurnAsync(fn: Fn): boolean {
    return !fn.isAsync && !fn.isGenerator && (fn.kind === 'function' || fn.kind === 'arrow' || fn.kind === 'method')
  }

  #blocks(fn: Fn): boolean {
    return this.#coloured.has(fn) && !fn.isAsync && !fn.isGenerator
  }

  #refuse(node: Node, reason: RefusalReason): void {
    this.#refusals.push({ node, reason })
  }

  #plan(site: Site, boxed: ReadonlySet<Fn>): void {
    const { fn, node } = site
    const callbackBlocks = [...site.callbacks].some((f) => this.#blocks(f))
    const targetBlocks = [...site.targets].some((f) => this.#blocks(f))
    if (site.kind === 'getter' || site.kind === 'setter' || site.kind === 'coercion') return
    if (site.kind === 'iteration') return this.#refuse(node, 'iterator')
    if (node['$lazy'] !== undefined) return this.#refuse(node, 'module')
    const awaitable = fn.kind === 'program' || fn.isAsync || this.#canTurnAsync(fn)
    if (!awaitable) {
      const certain = !site.opaque && !site.other && !site.promise && [...site.targets].every((f) => this.#blocks(f))
      if (certain) {
        this.#refuse(
          node,
          fn.isGenerator
            ? 'generator'
            : fn.kind === 'initializer'
              ? 'field'
              : (fn.kind as 'constructor' | 'getter' | 'setter'),
        )
      } else node['$plan'] = 'guard' satisfies CallPlan
      return
    }
    if (site.kind === 'new') {
      if (targetBlocks) return this.#refuse(node, 'constructor')
      if (callbackBlocks && node['callee']?.name === 'Promise') node['$plan'] = 'twin' satisfies CallPlan
      else if (callbackBlocks) this.#refuse(node, 'native')
      else if (site.opaque) node['$plan'] = 'guard' satisfies CallPlan
      return
    }
    if (node['callee']?.type === 'Super') return this.#refuse(node, 'constructor')
    const mixed =
      site.opaque ||
      site.promise ||
      [...site.targets].some((f) => !this.#coloured.has(f) && this.#flow.answersPromise.has(f))
    let plan: CallPlan
    if (callbackBlocks && !site.nativeAwaits) plan = 'twin'
    else if (mixed) plan = 'dynamic'
    else if ([...site.targets, ...site.callbacks].some((f) => boxed.has(f))) plan = 'unbox'
    else plan = 'await'
    node['$plan'] = plan
  }
}

function awaitsAtTopLevel(root: Node): boolean {
  const visit = (node: Node): boolean => {
    if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node['await'] === true)) return true
    for (const key in node) {
      if (key.charCodeAt(0) === 36) continue
      const value = node[key] as unknown
      if (value === null || typeof value !== 'object') continue
      for (const item of (Array.isArray(value) ? value : [value]) as (Node | null)[]) {
        if (item === null || typeof item !== 'object' || typeof item.type !== 'string') continue
        if (item['$fn'] !== undefined && item.type !== 'ClassDeclaration') continue
        if (visit(item)) return true
      }
    }
    return false
  }
  return visit(root)
}
