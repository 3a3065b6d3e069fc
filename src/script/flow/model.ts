/** What the analysis knows of values: tokens with fields, and call sites. */
import type { Fn, Node } from '../ast.js'
import type { NativeMember } from '../blocking.js'
import type { Cell, Token } from './solver.js'

/** A function, an object made at one place, a class, or a native. */
export interface Value {
  readonly token: Token
  readonly kind: 'function' | 'class' | 'object' | 'native' | 'bound'
  readonly fn?: Fn | undefined
  readonly classNode?: Node | undefined
  /** Natives: `Object.assign`, `k6/http`, `type:Response`. */
  readonly path?: string
  readonly member?: NativeMember | undefined
  /** Elements are apart from named fields. */
  readonly array: boolean
  /** A collection or iterator of a native's making: what it holds is not among its named members. */
  readonly container: boolean
  /** A promise; what it settles to are its elements. */
  readonly promise: boolean
  readonly bound?: { readonly target: Cell; readonly self: Cell; readonly args: readonly Cell[] }
  fields: Map<string, Cell> | undefined
  lookups: Map<string, Cell> | undefined
  /** Written under a name that is not known. */
  star: Cell
  elements: Cell
  all: Cell
  prototype: Cell
  /** For functions and classes: what `new` makes. */
  instance: Token
  getters: Map<string, Cell> | undefined
}

/** What flows in and out of a function. */
export interface Ports {
  readonly args: Cell[]
  /** Every argument: `arguments`, rest parameters. */
  readonly rest: Cell
  /** Arguments whose position is not known. */
  readonly spread: Cell
  readonly self: Cell
  readonly result: Cell
}

/** One place that calls something. */
export interface Site {
  readonly index: number
  readonly node: Node
  /** The function that contains it. */
  readonly fn: Fn
  readonly kind: 'call' | 'new' | 'tag' | 'getter' | 'setter' | 'iteration' | 'coercion'
  /** Script functions called here. */
  readonly targets: Set<Fn>
  /** Script functions that a native called here calls before it returns. */
  readonly callbacks: Set<Fn>
  /** A native that blocks may be called. */
  blocks: boolean
  /** Something that is not known may be called. */
  opaque: boolean
  /** What is called may answer a promise that belongs to the person. */
  promise: boolean
  /** Something that does not block may be called too. */
  other: boolean
  /** The native behind `callbacks` awaits them itself (`group`, `check`). */
  nativeAwaits: boolean
  /** What is called is a library that was not looked into. */
  library: boolean
}
