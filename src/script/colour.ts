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
  | 'library'

const implicitlyCalled = new Set(['toString', 'valueOf', 'toJSON'])

export function colour(program: Program, flow: FlowResult): Colouring {
  return new Colourer(program, flow).run()
}

class Colourer {
  readonly #program: Program
  readonly #flow: FlowResult
  readonly #sites: readonly Site[]
  readonly #coloured = new Set<Fn>()
  readonly #callers = new Map<Fn, Site[]>()
  readonly #blocking = new Set<Site>()
  readonly #queue: Site[] = []
  readonly #refusals: Refusal[] = []
  /** Functions that JavaScript itself calls, or `new`: they cannot be awaited. */
  readonly #unawaitable = new Map<Fn, RefusalReason>()
  /** Calls of which it is certain that they block, and functions that contain one. */
  readonly #sureSites = new Set<Site>()
  readonly #sure = new Set<Fn>()
  #anythingBlocks = false
  #opaqueByName: Map<string, Site[]> | undefined
  #names: ReadonlyMap<Fn, ReadonlySet<string>> | undefined
  readonly #opened = new Set<string>()

  constructor(program: Program, flow: FlowResult) {
    this.#program = program
    this.#flow = flow
    const helpers = bundlerHelpers(program)
    this.#sites = flow.sites.filter((site) => !helpers.has(site.fn))
  }

  run(): Colouring {
    for (const site of this.#sites) {
      for (const fn of site.targets) this.#addCaller(fn, site)
      for (const fn of site.callbacks) this.#addCaller(fn, site)
    }
    this.#findUnawaitable()
    this.#findSure()
    for (const site of this.#sites) if (site.blocks) this.#block(site)
    if (this.#flow.blockingEscaped) this.#open(this.#flow.blockingNames)
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
    for (const fn of this.#flow.heldByLibrary) if (this.#coloured.has(fn)) this.#refuse(fn.node, 'library')
    if (this.#flow.libraryBlocks) this.#refuse(this.#program.root, 'library')
    return {
      madeAsync,
      boxed,
      topLevelAwait: this.#coloured.has(this.#program.functions[0] as Fn) || awaitsAtTopLevel(this.#program.root),
      refusals: this.#refusals,
    }
  }

  #findUnawaitable(): void {
    const unawaitable = this.#unawaitable
    const called = new Set<Fn>()
    for (const site of this.#sites) {
      if (site.kind === 'call') for (const fn of site.targets) called.add(fn)
    }
    for (const fn of this.#program.functions) {
      if (fn.isGenerator && !fn.isAsync) unawaitable.set(fn, 'generator')
      else if (fn.kind === 'constructor' || fn.kind === 'getter' || fn.kind === 'setter') unawaitable.set(fn, fn.kind)
      else if (fn.kind === 'initializer') unawaitable.set(fn, 'field')
      else if (implicitlyCalled.has(fn.name) && (fn.kind === 'method' || fn.node['$name'] === fn.name))
        unawaitable.set(fn, 'coercion')
    }
    for (const site of this.#sites) {
      const reason = implicitReason(site)
      if (reason === undefined) continue
      for (const fn of site.targets) {
        // What is also called, and knows no `this`, is no constructor: the analysis only thinks that `new` may get it.
        if (reason === 'constructor' && called.has(fn) && !mentionsThis(fn.node)) continue
        if (!unawaitable.has(fn)) unawaitable.set(fn, reason)
      }
    }
  }

  // A refusal needs certainty: where the analysis had to widen its answers, a call that does block throws when it is made.
  #findSure(): void {
    for (let grew = true; grew; ) {
      grew = false
      for (const site of this.#sites) {
        if (this.#sureSites.has(site) || site.opaque || site.other || site.callbacks.size > 0) continue
        if (site.kind !== 'call' && site.kind !== 'tag' && site.kind !== 'new') continue
        if (![...site.targets].every((fn) => this.#sure.has(fn)) || (site.targets.size === 0 && !site.blocks)) continue
        this.#sureSites.add(site)
        if (!site.fn.isAsync && !site.fn.isGenerator) this.#sure.add(site.fn)
        grew = true
      }
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
    // What blocks in one of these is refused or guarded there: whoever causes it to run gets no promise.
    if (this.#unawaitable.has(fn)) return
    for (const site of this.#callers.get(fn) ?? []) this.#block(site)
    if (this.#flow.escaped.has(fn)) this.#open(this.#memberNames().get(fn) ?? noNames)
  }

  // Something that blocks is out of sight: what is called without a name may be it, and what is called by a name under
  // which it is held somewhere.
  #open(names: ReadonlySet<string>): void {
    if (!this.#anythingBlocks) {
      this.#anythingBlocks = true
      for (const site of this.#sites) if (site.opaque && memberName(site.node) === undefined) this.#block(site)
    }
    const byName = (this.#opaqueByName ??= groupByName(this.#sites))
    for (const name of names) {
      if (this.#opened.has(name)) continue
      this.#opened.add(name)
      if (name !== '*') for (const site of byName.get(name) ?? []) this.#block(site)
      else
        for (const [other, sites] of byName) if (!builtinMethods.has(other)) for (const site of sites) this.#block(site)
    }
  }

  #memberNames(): ReadonlyMap<Fn, ReadonlySet<string>> {
    return (this.#names ??= this.#flow.memberNames())
  }

  #canTurnAsync(fn: Fn): boolean {
    return !fn.isAsync && fn.kind !== 'program' && !this.#unawaitable.has(fn)
  }

  #blocks(fn: Fn): boolean {
    return this.#coloured.has(fn) && this.#canTurnAsync(fn)
  }

  #refuse(node: Node, reason: RefusalReason): void {
    this.#refusals.push({ node, reason })
  }

  #plan(site: Site, boxed: ReadonlySet<Fn>): void {
    const { fn, node } = site
    const callbackBlocks = [...site.callbacks].some((f) => this.#blocks(f))
    if (site.kind !== 'call' && site.kind !== 'tag' && site.kind !== 'new') return
    if (node['callee']?.type === 'Super') return
    // Running a bundled module for the first time; the call as such only makes the function that does so.
    if (fn === node['$lazy']) return
    const reason = this.#unawaitable.get(fn)
    if (reason !== undefined && !fn.isAsync) {
      if (this.#sureSites.has(site)) this.#refuse(node, reason)
      else if (site.kind !== 'new') node['$plan'] = 'guard' satisfies CallPlan
      return
    }
    if (site.library && (callbackBlocks || site.blocks)) return this.#refuse(node, 'library')
    if (site.kind === 'new') {
      if (callbackBlocks && node['callee']?.name === 'Promise') node['$plan'] = 'twin' satisfies CallPlan
      return
    }
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

// What esbuild puts before a bundle to make modules of different kinds fit; the analysis knows what these do, and nothing
// in them blocks. Source: esbuild's documentation, "Content types" and its own output.
const helperNames =
  /^__(?:defProp\w*|getOwn\w+|getProtoOf|hasOwnProp|propIsEnum|create|require|commonJS\w*|esm\w*|export|copyProps|reExport|toESM|toCommonJS|name|publicField|spreadValues|spreadProps|objRest)$/

function bundlerHelpers(program: Program): ReadonlySet<Fn> {
  const roots = new Set<Node>()
  for (const statement of program.root['body'] as Node[]) {
    if (statement.type !== 'VariableDeclaration' || statement['kind'] !== 'var') continue
    for (const d of statement['declarations'] as Node[]) {
      if (d['id'].type === 'Identifier' && helperNames.test(d['id'].name) && d['init']) roots.add(d['init'])
    }
  }
  const helpers = new Set<Fn>()
  for (const fn of program.functions)
    if (roots.has(fn.node) || (fn.parent !== undefined && helpers.has(fn.parent))) helpers.add(fn)
  return helpers
}

const noNames: ReadonlySet<string> = new Set<string>()

/** Methods of built-in objects: what a script holds under names that it computes is rarely called by one of these. */
const builtinMethods: ReadonlySet<string> = new Set(
  [
    Array.prototype,
    String.prototype,
    Object.prototype,
    Function.prototype,
    RegExp.prototype,
    Number.prototype,
    Date.prototype,
    Uint8Array.prototype,
  ].flatMap((prototype) => Object.getOwnPropertyNames(prototype)),
)

function groupByName(sites: readonly Site[]): Map<string, Site[]> {
  const groups = new Map<string, Site[]>()
  for (const site of sites) {
    const name = site.opaque ? memberName(site.node) : undefined
    if (name === undefined) continue
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [site])
    else group.push(site)
  }
  return groups
}

/** `name` of a call `x.name()`. */
function memberName(node: Node): string | undefined {
  let callee = (node['callee'] ?? node['tag']) as Node | undefined
  while (callee?.type === 'ParenthesizedExpression' || callee?.type === 'ChainExpression')
    callee = callee['expression'] as Node
  if (callee?.type !== 'MemberExpression' || callee['property'].type === 'PrivateIdentifier') return undefined
  // Calls that are about another function than the one of that name.
  const name = callee['computed'] ? undefined : (callee['property'].name as string)
  return name === 'call' || name === 'apply' || name === 'bind' ? undefined : name
}

function implicitReason(site: Site): RefusalReason | undefined {
  switch (site.kind) {
    case 'new':
      return 'constructor'
    case 'getter':
    case 'setter':
    case 'coercion':
      return site.kind
    case 'iteration':
      return 'iterator'
    default:
      return undefined
  }
}

/** Whether the function itself, not one inside it, uses `this`. */
function mentionsThis(fn: Node): boolean {
  const visit = (node: Node): boolean => {
    if (node.type === 'ThisExpression') return true
    for (const key in node) {
      if (key.charCodeAt(0) === 36) continue
      const value = node[key] as unknown
      if (value === null || typeof value !== 'object') continue
      for (const item of (Array.isArray(value) ? value : [value]) as (Node | null)[]) {
        if (item === null || typeof item !== 'object' || typeof item.type !== 'string') continue
        if (item.type === 'FunctionExpression' || item.type === 'FunctionDeclaration') continue
        if (visit(item)) return true
      }
    }
    return false
  }
  return fn['body'] !== undefined && visit(fn['body'])
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
