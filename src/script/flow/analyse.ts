/**
 * Generates the constraints of a whole program and solves them: for every call, which functions it may reach.
 * Field-sensitive with allocation sites, not sensitive to context or order.
 */
import type { Fn, Node, Program, Variable } from '../ast.js'
import type { BlockingTable, NativeMember } from '../blocking.js'
import type { Ports, Site, Value } from './model.js'
import {
  callbackMethods,
  containerMethods,
  elementMethods,
  globalNames,
  laterMethods,
  selfMethods,
  storingMethods,
} from './natives.js'
import { anything, type Cell, type Limits, Solver, type Token } from './solver.js'

export interface FlowResult {
  readonly sites: readonly Site[]
  readonly classes: readonly ClassInfo[]
  /** Functions that reached a place where the analysis loses sight of them. */
  readonly escaped: ReadonlySet<Fn>
  readonly blockingEscaped: boolean
  /** Names of k6's members that block, when one of them escaped. */
  readonly blockingNames: ReadonlySet<string>
  /** Functions that may answer a promise of the person's own. */
  readonly answersPromise: ReadonlySet<Fn>
  /** Functions that a native may call later: their results go to a promise or nowhere. */
  readonly later: ReadonlySet<Fn>
  /** Functions that the script put into a library that was not looked into. */
  readonly heldByLibrary: ReadonlySet<Fn>
  /** Such a library was given something of k6 that blocks. */
  readonly libraryBlocks: boolean
  /** Functions that a variable may hold. */
  held(variable: Variable): readonly Fn[]
  /** Names of members under which each function is held; `*` when under a name that is only known at run time. */
  memberNames(): ReadonlyMap<Fn, ReadonlySet<string>>
  readonly steps: number
}

export interface ClassInfo {
  readonly node: Node
  readonly constructorFn: Fn | undefined
  readonly superclasses: () => readonly Node[]
  readonly extendsUnknown: () => boolean
}

/** @throws OutOfBudget when the program is too large to be analysed within the limits */
export function analyseFlow(
  program: Program,
  table: BlockingTable,
  limits: Limits,
  isLibrary: (statement: Node) => boolean = () => false,
): FlowResult {
  return new Analysis(program, table, limits).run(isLibrary)
}

const collections: ReadonlySet<string> = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'Object', 'Iterator'])

/** Members of an iterator, its answers and its entries that are elements; the other members are methods. */
function namesElement(name: string): boolean {
  return name === 'value' || /^\d+$/.test(name)
}

type Self = { readonly cell?: Cell; readonly token?: Token }

function blockingNames(table: BlockingTable): ReadonlySet<string> {
  const names = new Set<string>()
  for (const members of [...Object.values(table.modules), ...Object.values(table.types)]) {
    for (const [name, member] of Object.entries(members)) if (member.kind === 'blocks') names.add(name)
  }
  return names
}

const libraryPath = 'library:'

class Analysis {
  readonly #program: Program
  readonly #table: BlockingTable
  readonly #solver: Solver
  readonly #values: Value[] = []
  readonly #ports: (Ports | undefined)[] = []
  readonly #sites: Site[] = []
  readonly #classes: ClassInfo[] = []
  readonly #classTokens = new Map<Node, Token>()
  readonly #natives = new Map<string, Token>()
  readonly #escapedTokens = new Set<Token>()
  readonly #escapedFns = new Set<Fn>()
  readonly #later = new Set<Fn>()
  #blockingEscaped = false
  readonly #nil: Cell
  readonly #global: Token
  readonly #patched: Token
  readonly #accessors: ReadonlySet<string>
  readonly #elementCells = new Map<Cell, Cell>()
  readonly #settledCells = new Map<Cell, Cell>()
  readonly #generated = new Map<Site, Map<string, Cell>>()
  readonly #callbacks = new Set<string>()
  readonly #heldByLibrary = new Set<Fn>()
  #libraryBlocks = false

  constructor(program: Program, table: BlockingTable, limits: Limits) {
    this.#program = program
    this.#table = table
    this.#solver = new Solver(limits, (token) => this.#escape(token))
    this.#nil = this.#solver.cell()
    this.#value({ kind: 'object' }) // `anything` is token 0
    this.#global = this.#native('')
    this.#patched = this.#value({ kind: 'object' })
    const accessors = new Set<string>()
    for (const fn of program.functions) if (fn.kind === 'getter' || fn.kind === 'setter') accessors.add(fn.name)
    this.#accessors = accessors
  }

  /** @param isLibrary  top-level statements that are not looked into: what they declare is one unknown thing */
  run(isLibrary: (statement: Node) => boolean): FlowResult {
    const root = this.#program.functions[0] as Fn
    for (const statement of this.#program.root['body'] as Node[]) {
      if (isLibrary(statement)) this.#library(statement)
      else this.#statement(statement, root)
    }
    this.#solver.solve()
    const answersPromise = new Set<Fn>()
    for (const fn of this.#program.functions) {
      const ports = this.#ports[fn.index]
      if (ports === undefined || fn.isAsync || fn.isGenerator) continue
      for (const token of this.#solver.tokens(ports.result)) {
        if (token === anything || this.#values[token]?.promise === true) {
          answersPromise.add(fn)
          break
        }
      }
    }
    return {
      sites: this.#sites,
      classes: this.#classes,
      escaped: this.#escapedFns,
      blockingEscaped: this.#blockingEscaped,
      blockingNames: this.#blockingEscaped ? this.#blockingNames() : new Set(),
      answersPromise,
      later: this.#later,
      heldByLibrary: this.#heldByLibrary,
      libraryBlocks: this.#libraryBlocks,
      held: (variable) =>
        variable.cell < 0 ? [] : [...this.#solver.tokens(variable.cell)].flatMap((t) => this.#values[t]?.fn ?? []),
      memberNames: () => this.#memberNames(),
      steps: this.#solver.steps,
    }
  }

  #library(statement: Node): void {
    const token = this.#libraryToken()
    const declared = statement['id'] ? [statement] : ((statement['declarations'] as Node[] | undefined) ?? [])
    for (const { id } of declared as { id?: Node }[]) {
      const variable = id?.['$var'] as Variable | undefined
      if (variable !== undefined) this.#solver.add(this.#variable(variable), token)
    }
  }

  #libraryToken(): Token {
    const known = this.#natives.get(libraryPath)
    if (known !== undefined) return known
    const token = this.#native(libraryPath)
    const value = this.#values[token] as Value
    this.#solver.add(this.#star(value), token)
    // What a script puts into a library is called by it.
    this.#solver.listen(this.#all(value), (held) => {
      const { fn, member } = this.#values[held] as Value
      if (fn !== undefined) this.#heldByLibrary.add(fn)
      else if (member?.kind === 'blocks') this.#libraryBlocks = true
    })
    return token
  }

  // It may call what it is given, at once or later, and answers something of its own.
  #callLibrary(site: Site, args: readonly Cell[], result: Cell): void {
    site.other = true
    site.library = true
    for (const arg of args) {
      this.#callback(site, arg, [], this.#nil)
      this.#callback(site, this.#elementsOf(arg), [], this.#nil)
      this.#escapeCell(arg)
    }
    if (result !== this.#nil) this.#solver.add(result, this.#libraryToken())
  }

  #memberNames(): Map<Fn, Set<string>> {
    const names = new Map<Fn, Set<string>>()
    this.#eachMember((name, { fn }) => {
      if (fn === undefined) return
      const known = names.get(fn)
      if (known === undefined) names.set(fn, new Set([name]))
      else known.add(name)
    })
    return names
  }

  #blockingNames(): Set<string> {
    const names = new Set(blockingNames(this.#table))
    this.#eachMember((name, value) => {
      if (value.member?.kind === 'blocks') names.add(name)
    })
    return names
  }

  #eachMember(see: (name: string, value: Value) => void): void {
    const cell = (at: Cell, name: string): void => {
      if (at >= 0) for (const token of this.#solver.tokens(at)) see(name, this.#values[token] as Value)
    }
    for (const value of this.#values) {
      for (const [name, at] of value.fields ?? []) cell(at, name)
      cell(value.star, '*')
      if (!value.promise) cell(value.elements, '*')
    }
  }

  // ---- values ----

  #value(init: Partial<Value> & { kind: Value['kind'] }): Token {
    const token = this.#values.length
    this.#values.push({
      array: false,
      container: false,
      promise: false,
      fields: undefined,
      lookups: undefined,
      star: -1,
      elements: -1,
      all: -1,
      prototype: -1,
      instance: -1,
      getters: undefined,
      ...init,
      token,
    })
    return token
  }

  #native(path: string, member?: NativeMember): Token {
    const known = this.#natives.get(path)
    if (known !== undefined) return known
    const token = this.#value({ kind: 'native', path, member })
    this.#natives.set(path, token)
    return token
  }

  #array(): Token {
    return this.#value({ kind: 'object', array: true })
  }

  #star(value: Value): Cell {
    if (value.star < 0) value.star = this.#solver.cell()
    return value.star
  }

  #elements(value: Value): Cell {
    if (value.elements < 0) value.elements = this.#solver.cell()
    return value.elements
  }

  #prototype(value: Value): Cell {
    if (value.prototype < 0) value.prototype = this.#solver.cell()
    return value.prototype
  }

  #field(token: Token, name: string): Cell {
    const value = this.#values[token] as Value
    const fields = (value.fields ??= new Map())
    let cell = fields.get(name)
    if (cell === undefined) {
      cell = this.#solver.cell()
      fields.set(name, cell)
      if (value.all >= 0) this.#solver.edge(cell, value.all)
      if (name === 'prototype' && value.kind === 'function' && value.fn !== undefined) {
        this.#solver.add(cell, this.#value({ kind: 'object' }))
      }
    }
    return cell
  }

  /** Everything that reading `name` of this value may give, its prototypes included. */
  #lookup(token: Token, name: string): Cell {
    const value = this.#values[token] as Value
    const lookups = (value.lookups ??= new Map())
    let cell = lookups.get(name)
    if (cell !== undefined) return cell
    cell = this.#solver.cell()
    lookups.set(name, cell)
    const target = cell
    this.#solver.edge(this.#field(token, name), target)
    // A symbol of the language is never among the names that are only known at run time.
    const held = value.container ? namesElement(name) : !value.array && !name.startsWith('@@')
    if (held) this.#solver.edge(this.#star(value), target)
    if (value.kind === 'native') this.#nativeMember(value, name, target)
    else if (
      (value.kind === 'function' || value.kind === 'bound') &&
      (name === 'call' || name === 'apply' || name === 'bind')
    ) {
      this.#solver.add(target, this.#native(`Function.prototype.${name}`))
    }
    this.#solver.listen(this.#prototype(value), (p) => {
      if (p !== token && p !== anything) this.#solver.edge(this.#lookup(p, name), target)
    })
    return target
  }

  #nativeMember(value: Value, name: string, target: Cell): void {
    const path = value.path as string
    if (path === libraryPath) {
      this.#solver.add(target, value.token)
      return
    }
    if (path.startsWith('module:')) {
      const module = path.slice(7)
      if (name === 'default') {
        this.#solver.add(target, value.token)
        return
      }
      const member = this.#table.modules[module]?.[name]
      this.#solver.add(target, this.#native(`${module}.${name}`, member))
      return
    }
    if (path.startsWith('type:')) {
      const members = this.#table.types[path.slice(5)]
      const any = members?.['*']
      if (any !== undefined && any.kind === 'returns') this.#solver.add(target, this.#typed(any.returns))
      this.#solver.add(target, this.#native(`${path}.${name}`, members?.[name]))
      return
    }
    if (globalNames.has(name) && (path === '' || globalNames.has(path))) {
      this.#solver.add(target, this.#global)
      return
    }
    if (value.member === undefined && path.split('.').length < 4)
      this.#solver.add(target, this.#native(path === '' ? name : `${path}.${name}`))
  }

  #typed(type: string): Token {
    return this.#native(`type:${type}`)
  }

  /** Everything the value holds under any name. */
  #all(value: Value): Cell {
    if (value.all >= 0) return value.all
    const cell = this.#solver.cell()
    value.all = cell
    for (const field of value.fields?.values() ?? []) this.#solver.edge(field, cell)
    this.#solver.edge(this.#star(value), cell)
    this.#solver.edge(this.#elements(value), cell)
    if (value.kind === 'native' && value.path?.startsWith('module:') === true) {
      for (const name of Object.keys(this.#table.modules[value.path.slice(7)] ?? {}))
        this.#nativeMember(value, name, cell)
    }
    // Scripts go through the members of a response as data, printing them; nobody calls one that is met that way.
    if (value.kind === 'native' && value.path?.startsWith('type:') === true && value.path !== 'type:Response') {
      for (const name of Object.keys(this.#table.types[value.path.slice(5)] ?? {}))
        this.#nativeMember(value, name, cell)
    }
    this.#solver.listen(this.#prototype(value), (p) => {
      if (p !== value.token && p !== anything) this.#solver.edge(this.#all(this.#values[p] as Value), cell)
    })
    return cell
  }

  /** Elements of whatever the cell holds. */
  #elementsOf(cell: Cell): Cell {
    if (cell === this.#nil) return cell
    let result = this.#elementCells.get(cell)
    if (result !== undefined) return result
    result = this.#solver.cell()
    this.#elementCells.set(cell, result)
    const target = result
    this.#solver.listen(cell, (token) => {
      if (token === anything) return this.#solver.add(target, anything)
      const value = this.#values[token] as Value
      if (value.array || value.promise) this.#solver.edge(this.#elements(value), target)
      else this.#solver.edge(this.#all(value), target)
    })
    return target
  }

  /** What the cell's promises settle to, and its other values. */
  #settled(cell: Cell): Cell {
    if (cell === this.#nil) return cell
    let result = this.#settledCells.get(cell)
    if (result !== undefined) return result
    result = this.#solver.cell()
    this.#settledCells.set(cell, result)
    const target = result
    this.#solver.listen(cell, (token) => {
      const value = this.#values[token] as Value
      if (value.promise) this.#solver.edge(this.#settled(this.#elements(value)), target)
      else this.#solver.add(target, token)
    })
    return target
  }

  #escape(token: Token): void {
    if (token === anything || this.#escapedTokens.has(token)) return
    this.#escapedTokens.add(token)
    const value = this.#values[token] as Value
    if (value.kind === 'native') {
      if (value.member?.kind === 'blocks') this.#blockingEscaped = true
      if (value.path?.startsWith('module:') === true) {
        const members = this.#table.modules[value.path.slice(7)] ?? {}
        if (Object.values(members).some((member) => member.kind === 'blocks')) this.#blockingEscaped = true
      }
      return
    }
    if (value.fn !== undefined) {
      this.#escapedFns.add(value.fn)
      const ports = this.#portsOf(value.fn)
      this.#solver.add(ports.spread, anything)
      this.#solver.add(ports.self, anything)
      this.#solver.listen(ports.result, (result) => this.#escape(result))
    }
    this.#solver.add(this.#star(value), anything)
    this.#solver.listen(this.#all(value), (held) => this.#escape(held))
  }

  #escapeCell(cell: Cell): void {
    if (cell !== this.#nil) this.#solver.listen(cell, (token) => this.#escape(token))
  }

  // ---- functions ----

  #portsOf(fn: Fn): Ports {
    const known = this.#ports[fn.index]
    if (known !== undefined) return known
    const s = this.#solver
    const ports: Ports = { args: [], rest: s.cell(), spread: s.cell(), self: s.cell(), result: s.cell() }
    this.#ports[fn.index] = ports
    return ports
  }

  #arg(ports: Ports, index: number): Cell {
    while (ports.args.length <= index) {
      const cell = this.#solver.cell()
      this.#solver.edge(ports.spread, cell)
      this.#solver.edge(cell, ports.rest)
      ports.args.push(cell)
    }
    return ports.args[index] as Cell
  }

  #functionToken(node: Node): Token {
    const known = node['$token'] as Token | undefined
    if (known !== undefined) return known
    const fn = node['$fn'] as Fn
    const token = this.#value({ kind: 'function', fn })
    node['$token'] = token
    this.#body(fn)
    return token
  }

  #body(fn: Fn): void {
    const node = fn.node
    const ports = this.#portsOf(fn)
    this.#solver.edge(ports.spread, ports.rest)
    const params = node['params'] as Node[]
    params.forEach((param, i) => {
      if (param.type === 'RestElement') {
        const list = this.#array()
        this.#solver.edge(ports.rest, this.#elements(this.#values[list] as Value))
        const cell = this.#solver.cell()
        this.#solver.add(cell, list)
        this.#bindPattern(param['argument'], cell, fn)
      } else this.#bindPattern(param, this.#arg(ports, i), fn)
    })
    if (node['body'].type === 'BlockStatement') for (const s of node['body'].body as Node[]) this.#statement(s, fn)
    else this.#flow(this.#expression(node['body'], fn), ports.result)
  }

  #flow(from: Cell, to: Cell): void {
    if (from !== this.#nil && to !== this.#nil) this.#solver.edge(from, to)
  }

  #variable(variable: Variable): Cell {
    if (variable.cell >= 0) return variable.cell
    variable.cell = this.#solver.cell()
    if (variable.imported !== undefined) {
      const namespace = this.#native(`module:${variable.imported.source}`)
      if (variable.imported.name === '*') this.#solver.add(variable.cell, namespace)
      else this.#solver.edge(this.#lookup(namespace, variable.imported.name), variable.cell)
    }
    return variable.cell
  }

  #thisCell(fn: Fn): Cell {
    let owner: Fn | undefined = fn
    while (owner !== undefined && owner.kind === 'arrow') owner = owner.parent
    return owner === undefined || owner.kind === 'program' ? this.#nil : this.#portsOf(owner).self
  }

  // ---- statements ----

  #statement(node: Node | null | undefined, fn: Fn): void {
    if (node === null || node === undefined) return
    switch (node.type) {
      case 'ExpressionStatement':
        this.#expression(node['expression'], fn)
        return
      case 'VariableDeclaration':
        for (const d of node['declarations'] as Node[])
          if (d['init']) this.#bindPattern(d['id'], this.#expression(d['init'], fn), fn)
        return
      case 'FunctionDeclaration': {
        const token = this.#functionToken(node)
        if (node['id']) this.#solver.add(this.#variable(node['id']['$var']), token)
        return
      }
      case 'ClassDeclaration': {
        const cell = this.#classCell(node, fn)
        if (node['id']) this.#flow(cell, this.#variable(node['id']['$var']))
        return
      }
      case 'ReturnStatement':
        if (node['argument']) this.#flow(this.#expression(node['argument'], fn), this.#portsOf(fn).result)
        return
      case 'ForInStatement':
        this.#expression(node['right'], fn)
        if (node['left'].type !== 'VariableDeclaration') this.#assignPattern(node['left'], this.#nil, fn)
        this.#statement(node['body'], fn)
        return
      case 'ForOfStatement': {
        const iterated = this.#expression(node['right'], fn)
        const element = node['await']
          ? this.#settled(this.#elementsOf(this.#settled(iterated)))
          : this.#elementsOf(iterated)
        const all = this.#iterate(node, iterated, element, fn)
        if (node['left'].type === 'VariableDeclaration') this.#bindPattern(node['left'].declarations[0].id, all, fn)
        else this.#assignPattern(node['left'], all, fn)
        this.#statement(node['body'], fn)
        return
      }
      case 'ExportNamedDeclaration':
        this.#statement(node['declaration'], fn)
        return
      case 'ExportDefaultDeclaration':
        if (node['declaration'].type.endsWith('Declaration')) this.#statement(node['declaration'], fn)
        else this.#expression(node['declaration'], fn)
        return
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
        return
      case 'CatchClause':
        if (node['param']) this.#bindPattern(node['param'], this.#nil, fn)
        this.#statement(node['body'], fn)
        return
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'EmptyStatement':
      case 'DebuggerStatement':
        return
      case 'LabeledStatement':
        this.#statement(node['body'], fn)
        return
    }
    // The rest (blocks, if, loops, try, switch, throw) only hold statements and expressions.
    for (const key in node) {
      if (key === 'type' || key.charCodeAt(0) === 36) continue
      const value = node[key] as unknown
      if (Array.isArray(value)) for (const item of value as (Node | null)[]) this.#either(item, fn)
      else if (value !== null && typeof value === 'object' && typeof (value as Node).type === 'string')
        this.#either(value as Node, fn)
    }
  }

  #either(node: Node | null, fn: Fn): void {
    if (node === null) return
    if (/Statement$|Declaration$|^SwitchCase$|^CatchClause$/.test(node.type)) this.#statement(node, fn)
    else this.#expression(node, fn)
  }

  // Calls of an iterator that the script wrote itself.
  #iterate(node: Node, iterated: Cell, element: Cell, fn: Fn): Cell {
    const result = this.#solver.cell()
    this.#flow(element, result)
    if (iterated === this.#nil) return result
    let site: Site | undefined
    const seen = new Set<Token>()
    this.#solver.listen(iterated, (token) => {
      const value = this.#values[token] as Value
      if (token === anything || seen.has(token) || value.kind === 'native' || value.array) return
      seen.add(token)
      for (const name of ['@@iterator', '@@asyncIterator']) {
        this.#solver.listen(this.#lookup(token, name), (method) => {
          const made = this.#solver.cell()
          site ??= this.#site(node, fn, 'iteration')
          this.#invoke(site, method, { token }, [], undefined, made)
          this.#solver.listen(made, (iterator) => {
            if (iterator === anything) return
            this.#solver.listen(this.#lookup(iterator, 'next'), (next) => {
              const step = this.#solver.cell()
              this.#invoke(site as Site, next, { token: iterator }, [], undefined, step)
              this.#solver.listen(this.#settled(step), (answer) => {
                if (answer !== anything) this.#solver.edge(this.#lookup(answer, 'value'), result)
              })
            })
            this.#solver.edge(this.#elementsOf(made), result)
          })
        })
      }
    })
    return result
  }

  // ---- patterns ----

  #bindPattern(pattern: Node | null, from: Cell, fn: Fn): void {
    if (pattern === null) return
    switch (pattern.type) {
      case 'Identifier': {
        const variable = pattern['$var'] as Variable | undefined
        if (variable !== undefined) this.#flow(from, this.#variable(variable))
        else if (pattern['$free']) this.#flow(from, this.#field(this.#global, pattern['name']))
        return
      }
      case 'ObjectPattern': {
        for (const p of pattern['properties'] as Node[]) {
          if (p.type === 'RestElement') {
            const rest = this.#solver.cell()
            this.#solver.add(rest, this.#copyOf(from))
            this.#bindPattern(p['argument'], rest, fn)
          } else {
            const name = this.#keyName(p, fn)
            this.#bindPattern(
              p['value'],
              name === undefined ? this.#elementsOf(from) : this.#read(p, from, name, fn),
              fn,
            )
          }
        }
        return
      }
      case 'ArrayPattern': {
        const element = this.#iterate(pattern, from, this.#elementsOf(from), fn)
        for (const p of pattern['elements'] as (Node | null)[]) {
          if (p?.type === 'RestElement') {
            const list = this.#array()
            this.#flow(element, this.#elements(this.#values[list] as Value))
            const cell = this.#solver.cell()
            this.#solver.add(cell, list)
            this.#bindPattern(p['argument'], cell, fn)
          } else this.#bindPattern(p, element, fn)
        }
        return
      }
      case 'AssignmentPattern': {
        const merged = this.#solver.cell()
        this.#flow(from, merged)
        this.#flow(this.#expression(pattern['right'], fn), merged)
        this.#bindPattern(pattern['left'], merged, fn)
        return
      }
      case 'MemberExpression':
        this.#write(pattern, from, fn)
        return
    }
  }

  #assignPattern(pattern: Node, from: Cell, fn: Fn): void {
    this.#bindPattern(pattern, from, fn)
  }

  #copyOf(from: Cell): Token {
    const copy = this.#value({ kind: 'object' })
    this.#copyFields(from, copy)
    return copy
  }

  #copyFields(from: Cell, to: Token): void {
    if (from === this.#nil) return
    const target = this.#values[to] as Value
    this.#solver.listen(from, (token) => {
      if (token === to) return
      if (token === anything) return this.#solver.add(this.#star(target), anything)
      const source = this.#values[token] as Value
      if (source.array) return this.#solver.edge(this.#elements(source), this.#star(target))
      // The copy looks its names up in the source; that covers fields that come later.
      this.#solver.add(this.#prototype(target), token)
    })
  }

  /** A property's name; undefined when it is computed. */
  #keyName(property: Node, fn: Fn): string | undefined {
    const key = property['key'] as Node
    if (!property['computed'])
      return key.type === 'Identifier' || key.type === 'PrivateIdentifier' ? key['name'] : String(key['value'])
    return this.#computedName(key, fn)
  }

  #computedName(key: Node, fn: Fn): string | undefined {
    if (key.type === 'Literal' && typeof key['value'] === 'string') return key['value']
    if (key.type === 'TemplateLiteral' && key['expressions'].length === 0) return key['quasis'][0].value.cooked
    if (
      key.type === 'MemberExpression' &&
      key['object'].name === 'Symbol' &&
      key['object']['$free'] &&
      !key['computed']
    ) {
      return `@@${key['property'].name}`
    }
    this.#expression(key, fn)
    return undefined
  }

  // ---- reading and writing ----

  #read(node: Node, object: Cell, name: string, fn: Fn): Cell {
    const result = this.#solver.cell()
    if (this.#program.root['$patches'] === true) this.#solver.edge(this.#field(this.#patched, name), result)
    if (object === this.#nil) return result
    const accessor = this.#accessors.has(name)
    this.#solver.listen(object, (token) => {
      if (token === anything) return this.#solver.add(result, anything)
      this.#solver.edge(this.#lookup(token, name), result)
      if (accessor) {
        this.#solver.listen(this.#lookup(token, `get ${name}`), (getter) => {
          this.#invoke(this.#implicit(node, fn, 'getter'), getter, { token }, [], undefined, result)
        })
      }
    })
    return result
  }

  #implicit(node: Node, fn: Fn, kind: Site['kind']): Site {
    return (node[`$${kind}`] as Site | undefined) ?? (node[`$${kind}`] = this.#site(node, fn, kind))
  }

  #write(member: Node, from: Cell, fn: Fn): void {
    const object = member['object'].type === 'Super' ? this.#thisCell(fn) : this.#expression(member['object'], fn)
    const name = member['computed'] ? this.#computedName(member['property'], fn) : (member['property'].name as string)
    this.#store(member, object, name, from, fn)
  }

  #store(node: Node, object: Cell, name: string | undefined, from: Cell, fn: Fn): void {
    if (object === this.#nil) return
    const accessor = name !== undefined && this.#accessors.has(name)
    if (from === this.#nil && !accessor) return
    this.#solver.listen(object, (token) => {
      if (token === anything) {
        // Known no longer by whom it is held, but still under which name.
        this.#solver.edge(from, this.#field(anything, name ?? '*'))
        return this.#escapeCell(from)
      }
      const value = this.#values[token] as Value
      if (name === undefined) this.#flow(from, value.array ? this.#elements(value) : this.#star(value))
      else if (name === '__proto__') this.#flow(from, this.#prototype(value))
      else {
        this.#flow(from, this.#field(token, name))
        if (value.kind === 'native' && value.path?.endsWith('.prototype') === true) this.#patch(name, from)
        if (accessor) {
          this.#solver.listen(this.#lookup(token, `set ${name}`), (setter) => {
            this.#invoke(this.#implicit(node, fn, 'setter'), setter, { token }, [from], undefined, this.#nil)
          })
        }
      }
    })
  }

  // A method added to a built-in prototype: any value may answer to it from now on.
  #patch(name: string, from: Cell): void {
    this.#flow(from, this.#field(this.#patched, name))
  }

  // ---- expressions ----

  #expression(node: Node | null | undefined, fn: Fn): Cell {
    if (node === null || node === undefined) return this.#nil
    switch (node.type) {
      case 'Literal':
      case 'MetaProperty':
      case 'PrivateIdentifier':
        return this.#nil
      case 'Identifier':
        return this.#identifier(node)
      case 'ThisExpression':
        return this.#thisCell(fn)
      case 'FunctionExpression':
      case 'ArrowFunctionExpression': {
        const token = this.#functionToken(node)
        const cell = this.#solver.cell()
        this.#solver.add(cell, token)
        if (node['id']) this.#solver.add(this.#variable(node['id']['$var']), token)
        return cell
      }
      case 'ClassExpression':
        return this.#classCell(node, fn)
      case 'ObjectExpression':
        return this.#object(node, fn)
      case 'ArrayExpression': {
        const token = this.#array()
        const elements = this.#elements(this.#values[token] as Value)
        for (const item of node['elements'] as (Node | null)[]) {
          if (item === null) continue
          if (item.type === 'SpreadElement') this.#flow(this.#spread(item, fn), elements)
          else this.#flow(this.#expression(item, fn), elements)
        }
        const cell = this.#solver.cell()
        this.#solver.add(cell, token)
        return cell
      }
      case 'MemberExpression':
        return this.#member(node, fn)
      case 'ChainExpression':
      case 'ParenthesizedExpression':
        return this.#expression(node['expression'], fn)
      case 'CallExpression':
        return this.#call(node, fn)
      case 'NewExpression':
        return this.#new(node, fn)
      case 'TaggedTemplateExpression':
        return this.#tag(node, fn)
      case 'ImportExpression':
        return this.#dynamicImport(node, fn)
      case 'AssignmentExpression': {
        const from = this.#expression(node['right'], fn)
        const arithmetic = node['operator'] !== '=' && !/^(\|\||&&|\?\?)=$/.test(node['operator'])
        this.#bindPattern(node['left'], arithmetic ? this.#nil : from, fn)
        if (arithmetic) return this.#nil
        if (node['operator'] === '=') return from
        const merged = this.#solver.cell()
        this.#flow(from, merged)
        this.#flow(this.#expression(node['left'], fn), merged)
        return merged
      }
      case 'ConditionalExpression': {
        this.#expression(node['test'], fn)
        return this.#merge([node['consequent'], node['alternate']], fn)
      }
      case 'LogicalExpression':
        return this.#merge([node['left'], node['right']], fn)
      case 'SequenceExpression': {
        let last = this.#nil
        for (const e of node['expressions'] as Node[]) last = this.#expression(e, fn)
        return last
      }
      case 'AwaitExpression':
        return this.#settled(this.#expression(node['argument'], fn))
      case 'YieldExpression': {
        const from = this.#expression(node['argument'], fn)
        this.#flow(
          node['delegate'] ? this.#iterate(node, from, this.#elementsOf(from), fn) : from,
          this.#portsOf(fn).result,
        )
        return this.#portsOf(fn).rest
      }
      case 'TemplateLiteral':
        for (const e of node['expressions'] as Node[]) this.#expression(e, fn)
        return this.#nil
      case 'SpreadElement':
        return this.#spread(node, fn)
      case 'UnaryExpression':
      case 'UpdateExpression':
        this.#expression(node['argument'], fn)
        return this.#nil
      case 'BinaryExpression':
        this.#expression(node['left'], fn)
        this.#expression(node['right'], fn)
        return this.#nil
      default:
        return this.#nil
    }
  }

  #merge(nodes: readonly Node[], fn: Fn): Cell {
    const cell = this.#solver.cell()
    for (const node of nodes) this.#flow(this.#expression(node, fn), cell)
    return cell
  }

  #spread(node: Node, fn: Fn): Cell {
    const from = this.#expression(node['argument'], fn)
    return this.#iterate(node, from, this.#elementsOf(from), fn)
  }

  #identifier(node: Node): Cell {
    const variable = node['$var'] as Variable | undefined
    if (variable !== undefined) return this.#variable(variable)
    if (node['$arguments'] !== undefined) {
      const owner = node['$arguments'] as Fn
      const cell = this.#solver.cell()
      const list = this.#array()
      this.#solver.edge(this.#portsOf(owner).rest, this.#elements(this.#values[list] as Value))
      this.#solver.add(cell, list)
      return cell
    }
    const name = node['name'] as string
    if (name === 'undefined' || name === 'NaN' || name === 'Infinity') return this.#nil
    return this.#lookup(this.#global, name)
  }

  #object(node: Node, fn: Fn): Cell {
    const token = this.#value({ kind: 'object' })
    node['$token'] = token
    const value = this.#values[token] as Value
    for (const p of node['properties'] as Node[]) {
      if (p.type === 'SpreadElement') {
        this.#copyFields(this.#expression(p['argument'], fn), token)
        continue
      }
      const name = this.#keyName(p, fn)
      if (p['kind'] === 'get' || p['kind'] === 'set') {
        const accessor = this.#functionToken(p['value'])
        this.#solver.add(this.#portsOf(p['value']['$fn']).self, token)
        this.#solver.add(this.#field(token, name === undefined ? '?' : `${p['kind']} ${name}`), accessor)
        if (p['kind'] === 'get')
          this.#flow(
            this.#portsOf(p['value']['$fn']).result,
            name === undefined ? this.#star(value) : this.#field(token, name),
          )
        continue
      }
      const from = this.#expression(p['value'], fn)
      if (p['method']) this.#solver.add(this.#portsOf(p['value']['$fn']).self, token)
      if (name === '__proto__' && !p['shorthand'] && !p['computed']) this.#flow(from, this.#prototype(value))
      else this.#flow(from, name === undefined ? this.#star(value) : this.#field(token, name))
    }
    const cell = this.#solver.cell()
    this.#solver.add(cell, token)
    return cell
  }

  #member(node: Node, fn: Fn): Cell {
    if (node['object'].type === 'Super') return this.#superMember(node, fn)
    const object = this.#expression(node['object'], fn)
    if (node['computed']) {
      const name = this.#computedName(node['property'], fn)
      return name === undefined ? this.#elementsOf(object) : this.#read(node, object, name, fn)
    }
    return this.#read(node, object, node['property'].name, fn)
  }

  #superMember(node: Node, fn: Fn): Cell {
    const result = this.#solver.cell()
    const name = node['computed'] ? this.#computedName(node['property'], fn) : (node['property'].name as string)
    let owner: Fn | undefined = fn
    while (owner !== undefined && owner.kind === 'arrow') owner = owner.parent
    const classNode = owner?.ofClass
    if (classNode === undefined || name === undefined) return result
    const superCell = classNode['$super'] as Cell | undefined
    if (superCell === undefined) return result
    this.#solver.listen(superCell, (parent) => {
      if (parent === anything) return
      this.#solver.edge(this.#lookup(parent, name), result)
      this.#solver.listen(this.#lookup(parent, 'prototype'), (prototype) => {
        if (prototype !== anything) this.#solver.edge(this.#lookup(prototype, name), result)
      })
    })
    return result
  }

  // ---- classes ----

  #classCell(node: Node, fn: Fn): Cell {
    const members = node['body'].body as Node[]
    const constructorNode = members.find((m) => m.type === 'MethodDefinition' && m['kind'] === 'constructor')
    const constructorFn = constructorNode?.['value']['$fn'] as Fn | undefined
    const token = this.#value({ kind: 'class', fn: constructorFn, classNode: node })
    this.#classTokens.set(node, token)
    const prototype = this.#value({ kind: 'object' })
    const instance = this.#value({ kind: 'object' })
    const value = this.#values[token] as Value
    value.instance = instance
    this.#solver.add(this.#prototype(this.#values[instance] as Value), prototype)
    this.#solver.add(this.#field(token, 'prototype'), prototype)
    this.#solver.add(this.#field(prototype, 'constructor'), token)
    const cell = this.#solver.cell()
    this.#solver.add(cell, token)
    if (node['id']) this.#flow(cell, this.#variable(node['id']['$var']))
    if (node['superClass']) {
      const superCell = this.#expression(node['superClass'], fn)
      node['$super'] = superCell
      this.#flow(superCell, this.#prototype(value))
      this.#solver.listen(superCell, (parent) => {
        if (parent !== anything)
          this.#solver.edge(this.#lookup(parent, 'prototype'), this.#prototype(this.#values[prototype] as Value))
      })
    }
    for (const member of members) {
      const isStatic = member['static'] === true
      const owner = isStatic ? token : prototype
      const self = isStatic ? token : instance
      if (member.type === 'MethodDefinition') {
        const method = this.#functionToken(member['value'])
        this.#solver.add(this.#portsOf(member['value']['$fn']).self, self)
        if (member['kind'] === 'constructor') continue
        const name = this.#keyName(member, fn)
        if (member['kind'] === 'method') {
          this.#solver.add(
            name === undefined ? this.#star(this.#values[owner] as Value) : this.#field(owner, name),
            method,
          )
        } else {
          const kind = member['kind'] as string
          this.#solver.add(this.#field(owner, `${kind} ${name ?? '?'}`), method)
          if (kind === 'get' && name !== undefined)
            this.#flow(this.#portsOf(member['value']['$fn']).result, this.#field(owner, name))
        }
      } else if (member.type === 'PropertyDefinition') {
        const initializer = member['$fn'] as Fn
        this.#solver.add(this.#portsOf(initializer).self, self)
        const name = this.#keyName(member, fn)
        if (member['value']) {
          const from = this.#expression(member['value'], initializer)
          this.#flow(from, name === undefined ? this.#star(this.#values[self] as Value) : this.#field(self, name))
        }
      } else if (member.type === 'StaticBlock') {
        const initializer = member['$fn'] as Fn
        this.#solver.add(this.#portsOf(initializer).self, token)
        for (const s of member['body'] as Node[]) this.#statement(s, initializer)
      }
    }
    const parents = (): readonly Token[] =>
      node['$super'] === undefined ? [] : [...this.#solver.tokens(node['$super'] as Cell)]
    this.#classes.push({
      node,
      constructorFn,
      superclasses: () =>
        parents().flatMap((p) =>
          this.#values[p]?.classNode === undefined ? [] : [this.#values[p]?.classNode as Node],
        ),
      extendsUnknown: () =>
        node['superClass'] !== null && parents().some((p) => p === anything || this.#values[p]?.kind === 'function'),
    })
    return cell
  }

  // ---- calls ----

  #site(node: Node, fn: Fn, kind: Site['kind']): Site {
    const site: Site = {
      index: this.#sites.length,
      node,
      fn,
      kind,
      targets: new Set(),
      callbacks: new Set(),
      blocks: false,
      opaque: false,
      promise: false,
      other: false,
      nativeAwaits: false,
      library: false,
    }
    this.#sites.push(site)
    return site
  }

  #arguments(nodes: readonly Node[], fn: Fn): { args: Cell[]; spread: Cell | undefined } {
    const args: Cell[] = []
    let spread: Cell | undefined
    for (const node of nodes) {
      if (node.type === 'SpreadElement') {
        spread ??= this.#solver.cell()
        this.#flow(this.#spread(node, fn), spread)
      } else if (spread !== undefined) this.#flow(this.#expression(node, fn), spread)
      else args.push(this.#expression(node, fn))
    }
    return { args, spread }
  }

  #call(node: Node, fn: Fn): Cell {
    const helper = this.#helperCall(node, fn)
    if (helper !== undefined) return helper
    const site = this.#site(node, fn, 'call')
    node['$site'] = site
    const result = this.#solver.cell()
    let callee = node['callee'] as Node
    while (callee.type === 'ChainExpression' || callee.type === 'ParenthesizedExpression') callee = callee['expression']
    if (callee.type === 'Super') {
      const { args, spread } = this.#arguments(node['arguments'], fn)
      this.#superCall(site, fn, args, spread)
      return this.#thisCell(fn)
    }
    if (callee.type === 'MemberExpression' && callee['object'].type !== 'Super') {
      const object = this.#expression(callee['object'], fn)
      const name = callee['computed'] ? this.#computedName(callee['property'], fn) : (callee['property'].name as string)
      const { args, spread } = this.#arguments(node['arguments'], fn)
      this.#methodCall(site, callee, object, name, args, spread, result, fn)
      return result
    }
    const target = this.#expression(callee, fn)
    const { args, spread } = this.#arguments(node['arguments'], fn)
    const self: Self = callee.type === 'MemberExpression' ? { cell: this.#thisCell(fn) } : {}
    this.#invokeAll(site, target, self, args, spread, result)
    return result
  }

  #invokeAll(
    site: Site,
    target: Cell,
    self: Self,
    args: readonly Cell[],
    spread: Cell | undefined,
    result: Cell,
  ): void {
    const seen = new Set<Token>()
    this.#solver.listen(target, (token) => {
      if (seen.has(token)) return
      seen.add(token)
      this.#invoke(site, token, self, args, spread, result)
    })
  }

  #methodCall(
    site: Site,
    callee: Node,
    object: Cell,
    name: string | undefined,
    args: readonly Cell[],
    spread: Cell | undefined,
    result: Cell,
    fn: Fn,
  ): void {
    const seen = new Set<Token>()
    if (name !== undefined && this.#accessors.has(name)) this.#read(callee, object, name, fn)
    this.#solver.listen(object, (token) => {
      if (seen.has(token)) return
      seen.add(token)
      if (token === anything) {
        this.#invoke(site, anything, {}, args, spread, result)
        return
      }
      const value = this.#values[token] as Value
      const callable =
        value.kind === 'function' || value.kind === 'bound' || value.kind === 'class' || value.kind === 'native'
      if (callable && (name === 'call' || name === 'apply' || name === 'bind'))
        return this.#indirect(site, name, { token }, args, spread, result)
      const source =
        name === undefined ? (value.array ? this.#elements(value) : this.#all(value)) : this.#lookup(token, name)
      const heard = new Set<Token>()
      this.#solver.listen(source, (target) => {
        if (heard.has(target)) return
        heard.add(target)
        this.#invoke(site, target, { token }, args, spread, result)
      })
    })
    if (name !== undefined) {
      this.#nativeMethod(site, name, object, args, spread, result)
      if (this.#program.root['$patches'] === true) {
        this.#invokeAll(site, this.#field(this.#patched, name), { cell: object }, args, spread, result)
      }
    }
  }

  // What one site does with the same function and the same cells is generated once, however many receivers there are.
  #once(site: Site, key: string): Cell | undefined {
    const cells = this.#onceCells(site)
    const known = cells.get(key)
    if (known === undefined) cells.set(key, this.#solver.cell())
    return known
  }

  #onceCells(site: Site): Map<string, Cell> {
    let cells = this.#generated.get(site)
    if (cells === undefined) {
      cells = new Map()
      this.#generated.set(site, cells)
    }
    return cells
  }

  #indirect(site: Site, how: string, f: Self, args: readonly Cell[], spread: Cell | undefined, result: Cell): void {
    const key = `${how}|${args.join()}|${spread}|${result}`
    const known = this.#once(site, key)
    const targets = known ?? (this.#onceCells(site).get(key) as Cell)
    if (f.token !== undefined) this.#solver.add(targets, f.token)
    if (f.cell !== undefined) this.#flow(f.cell, targets)
    if (known !== undefined) return
    const self: Self = args[0] === undefined || args[0] === this.#nil ? {} : { cell: args[0] }
    if (how === 'call') this.#invokeAll(site, targets, self, args.slice(1), spread, result)
    else if (how === 'apply') {
      const list = this.#solver.cell()
      if (args[1] !== undefined) this.#flow(this.#elementsOf(args[1]), list)
      if (spread !== undefined) this.#flow(spread, list)
      this.#invokeAll(site, targets, self, [], list, result)
    } else {
      const bound = this.#value({
        kind: 'bound',
        bound: {
          target: targets,
          self: self.cell ?? this.#nil,
          args: [...args.slice(1), ...(spread === undefined ? [] : [spread])],
        },
      })
      this.#solver.add(result, bound)
    }
  }

  #invoke(site: Site, target: Token, self: Self, args: readonly Cell[], spread: Cell | undefined, result: Cell): void {
    if (target === anything) {
      site.opaque = true
      for (const arg of args) this.#escapeCell(arg)
      if (spread !== undefined) this.#escapeCell(spread)
      if (result !== this.#nil) this.#solver.add(result, anything)
      return
    }
    const value = this.#values[target] as Value
    switch (value.kind) {
      case 'function':
        site.targets.add(value.fn as Fn)
        this.#enter(value.fn as Fn, self, args, spread, result)
        if ((value.fn as Fn).isAsync) site.promise = true
        return
      case 'bound': {
        const bound = value.bound as NonNullable<Value['bound']>
        // Cells made here are few: a bound function is called at few places.
        this.#invokeAll(site, bound.target, { cell: bound.self }, [...bound.args, ...args], spread, result)
        return
      }
      case 'native':
        this.#invokeNative(site, value, self, args, spread, result)
        return
      case 'class':
      case 'object':
        return
    }
  }

  #enter(fn: Fn, self: Self, args: readonly Cell[], spread: Cell | undefined, result: Cell): void {
    const ports = this.#portsOf(fn)
    if (self.token !== undefined) this.#solver.add(ports.self, self.token)
    if (self.cell !== undefined) this.#flow(self.cell, ports.self)
    for (let i = 0; i < args.length; i++) if (args[i] !== this.#nil) this.#flow(args[i] as Cell, this.#arg(ports, i))
    if (spread !== undefined) this.#flow(spread, ports.spread)
    if (result === this.#nil) return
    if (fn.isAsync || fn.isGenerator) {
      let made = fn.node['$answer'] as Token | undefined
      if (made === undefined) {
        made = this.#value({ kind: 'object', promise: fn.isAsync && !fn.isGenerator })
        fn.node['$answer'] = made
        const held = this.#values[made] as Value
        this.#solver.edge(
          fn.isAsync ? this.#settled(ports.result) : ports.result,
          fn.isGenerator ? this.#star(held) : this.#elements(held),
        )
      }
      this.#solver.add(result, made)
    } else this.#solver.edge(ports.result, result)
  }

  // A native calls these functions before it returns (`now`) or later.
  #callback(site: Site | undefined, functions: Cell, args: readonly Cell[], result: Cell, nativeAwaits = false): void {
    if (functions === this.#nil) return
    const key = `${site?.index}|${functions}|${args.join()}|${result}|${nativeAwaits}`
    if (this.#callbacks.has(key)) return
    this.#callbacks.add(key)
    const seen = new Set<Token>()
    this.#solver.listen(functions, (token) => {
      if (seen.has(token)) return
      seen.add(token)
      if (token === anything) {
        for (const arg of args) this.#escapeCell(arg)
        return
      }
      const value = this.#values[token] as Value
      if (value.kind === 'function') {
        this.#enter(value.fn as Fn, {}, args, undefined, result)
        if (site === undefined) this.#later.add(value.fn as Fn)
        else {
          site.callbacks.add(value.fn as Fn)
          if (nativeAwaits) site.nativeAwaits = true
        }
      } else if (value.kind === 'bound') {
        this.#callback(site, value.bound?.target as Cell, args, result, nativeAwaits)
      } else if (value.kind === 'native' && value.member?.kind === 'blocks') {
        if (site !== undefined) site.blocks = true
        if (value.member.returns !== undefined && result !== this.#nil)
          this.#solver.add(result, this.#typed(value.member.returns))
      }
    })
  }

  #container(from: readonly Cell[], named = false): Token {
    const token = this.#value({ kind: 'object', container: !named })
    const value = this.#values[token] as Value
    for (const cell of from) this.#flow(cell, this.#star(value))
    // Entries are pairs: an element of the container may be a container of the same elements.
    this.#solver.add(this.#star(value), token)
    return token
  }

  #promise(from: Cell): Token {
    const token = this.#value({ kind: 'object', promise: true })
    this.#flow(this.#settled(from), this.#elements(this.#values[token] as Value))
    return token
  }

  /** What methods of built-in objects do, by name, whatever the receiver turns out to be. */
  #nativeMethod(
    site: Site,
    name: string,
    object: Cell,
    args: readonly Cell[],
    spread: Cell | undefined,
    result: Cell,
  ): void {
    const elements = (): Cell => this.#elementsOf(object)
    const position = callbackMethods[name]
    const inner: Cell[] = []
    if (position !== undefined) {
      const callback = args[position] ?? spread ?? this.#nil
      const answer = this.#solver.cell()
      if (name === 'reduce' || name === 'reduceRight') {
        const carried = this.#solver.cell()
        this.#flow(answer, carried)
        if (args[1] !== undefined) this.#flow(args[1], carried)
        this.#flow(elements(), carried)
        this.#callback(site, callback, [carried, elements(), this.#nil, object], answer)
        this.#flow(carried, result)
      } else if (name === 'sort' || name === 'toSorted')
        this.#callback(site, callback, [elements(), elements()], answer)
      else if (name === 'replace' || name === 'replaceAll') this.#callback(site, callback, [], answer)
      else if (name === 'each') this.#callback(site, callback, [this.#nil, object], answer)
      else this.#callback(site, callback, [elements(), elements(), object], answer)
      inner.push(answer)
      if (name === 'flatMap') inner.push(this.#elementsOf(answer))
    } else if (name === 'then' || name === 'catch' || name === 'finally') {
      const answer = this.#solver.cell()
      const settled = this.#settled(object)
      for (const arg of args) this.#callback(undefined, arg, name === 'then' ? [settled] : [], answer)
      if (name !== 'then') this.#flow(settled, answer)
      this.#solver.add(result, this.#promise(answer))
      site.promise = true
      return
    } else if (laterMethods.has(name)) {
      for (const arg of args) this.#callback(undefined, arg, [], this.#nil)
    }
    if (storingMethods.has(name)) {
      const from = name === 'concat' ? args.flatMap((arg) => [arg, this.#elementsOf(arg)]) : [...args]
      if (spread !== undefined) from.push(spread)
      if (name === 'concat') inner.push(...from)
      else if (from.some((cell) => cell !== this.#nil)) {
        this.#solver.listen(object, (token) => {
          if (token === anything) {
            for (const cell of from) this.#escapeCell(cell)
            return
          }
          const value = this.#values[token] as Value
          if (value.kind === 'native' && value.path?.startsWith('type:') !== true) return
          for (const cell of from) this.#flow(cell, value.array ? this.#elements(value) : this.#star(value))
        })
      }
    }
    if (elementMethods.has(name)) this.#flow(elements(), result)
    if (selfMethods.has(name)) this.#flow(object, result)
    if (containerMethods.has(name) && object !== this.#nil) {
      const token = name === 'map' || name === 'filter' || name === 'slice' ? this.#array() : this.#container([])
      const value = this.#values[token] as Value
      const into = value.array ? this.#elements(value) : this.#star(value)
      for (const cell of inner) this.#flow(cell, into)
      if (name !== 'map' && name !== 'flatMap') this.#flow(elements(), into)
      this.#solver.add(result, token)
    } else if (containerMethods.has(name) && inner.length > 0) {
      const token = this.#array()
      for (const cell of inner) this.#flow(cell, this.#elements(this.#values[token] as Value))
      this.#solver.add(result, token)
    }
  }

  #invokeNative(
    site: Site,
    value: Value,
    self: Self,
    args: readonly Cell[],
    spread: Cell | undefined,
    result: Cell,
  ): void {
    const member = value.member
    const add = (token: Token): void => {
      if (result !== this.#nil) this.#solver.add(result, token)
    }
    const path = value.path as string
    if (member !== undefined) {
      switch (member.kind) {
        case 'blocks':
          site.blocks = true
          if (member.returns !== undefined) add(this.#typed(member.returns))
          // ws.connect and the like call functions that they are given.
          for (const arg of args) this.#callback(undefined, arg, [], this.#nil)
          return
        case 'promise': {
          site.promise = true
          const answer = this.#solver.cell()
          if (member.returns !== undefined) this.#solver.add(answer, this.#typed(member.returns))
          add(this.#promise(answer))
          return
        }
        case 'returns':
          site.other = true
          add(this.#typed(member.returns))
          return
        case 'calls': {
          const argument = args[member.argument] ?? spread ?? this.#nil
          const functions = member.members === true ? this.#elementsOf(argument) : argument
          this.#callback(site, functions, member.members === true ? [args[0] ?? this.#nil] : [], result, true)
          return
        }
        case 'class':
          return
      }
    }
    if (path === libraryPath) {
      this.#callLibrary(site, [...args, ...(spread === undefined ? [] : [spread])], result)
      return
    }
    site.other = true
    // A prototype's method taken as a function: `Array.prototype.forEach.call(list, f)`.
    const method = /\.prototype\.(\w+)$/.exec(path)?.[1]
    if (method !== undefined && !path.startsWith('Function.')) {
      const key = `${value.token}|${args.join()}|${spread}|${result}`
      const known = this.#once(site, key)
      const receiver = known ?? (this.#onceCells(site).get(key) as Cell)
      if (self.token !== undefined) this.#solver.add(receiver, self.token)
      if (self.cell !== undefined) this.#flow(self.cell, receiver)
      if (known === undefined) this.#nativeMethod(site, method, receiver, args, spread, result)
      return
    }
    const indirect = path.startsWith('Function.prototype.')
    if (!indirect && this.#once(site, `${value.token}|${args.join()}|${spread}|${result}`) !== undefined) return
    const everything = [...args, ...(spread === undefined ? [] : [spread])]
    switch (path) {
      case 'Function.prototype.call':
      case 'Function.prototype.apply':
      case 'Function.prototype.bind':
        this.#indirect(site, path.slice(19), self, args, spread, result)
        return
      case 'Reflect.apply': {
        const list = this.#elementsOf(args[2] ?? this.#nil)
        this.#invokeAll(site, args[0] ?? this.#nil, { cell: args[1] ?? this.#nil }, [], list, result)
        return
      }
      case 'Reflect.construct': {
        const list = this.#elementsOf(args[1] ?? this.#nil)
        this.#constructAll(site, args[0] ?? this.#nil, [], list, result)
        return
      }
      case 'Object.assign': {
        const [target, ...sources] = args
        if (target !== undefined && target !== this.#nil) {
          this.#solver.listen(target, (token) => {
            if (token === anything) {
              for (const s of sources) this.#escapeCell(s)
            } else for (const s of [...sources, ...(spread === undefined ? [] : [spread])]) this.#copyFields(s, token)
          })
          this.#flow(target, result)
        }
        return
      }
      case 'Object.create': {
        const made = this.#value({ kind: 'object' })
        this.#flow(args[0] ?? this.#nil, this.#prototype(this.#values[made] as Value))
        this.#defineAll(site, made, args[1])
        add(made)
        return
      }
      case 'Object.setPrototypeOf':
      case 'Reflect.setPrototypeOf':
        this.#solver.listen(args[0] ?? this.#nil, (token) => {
          if (token !== anything) this.#flow(args[1] ?? this.#nil, this.#prototype(this.#values[token] as Value))
        })
        this.#flow(args[0] ?? this.#nil, result)
        return
      case 'Object.getPrototypeOf':
      case 'Reflect.getPrototypeOf':
        this.#solver.listen(args[0] ?? this.#nil, (token) => {
          if (token !== anything && result !== this.#nil)
            this.#solver.edge(this.#prototype(this.#values[token] as Value), result)
        })
        return
      case 'Object.defineProperty':
      case 'Reflect.defineProperty':
        this.#defineProperty(site, args, result)
        return
      case 'Object.defineProperties':
        this.#solver.listen(args[0] ?? this.#nil, (token) => {
          if (token !== anything) this.#defineAll(site, token, args[1])
        })
        this.#flow(args[0] ?? this.#nil, result)
        return
      case 'Object.freeze':
      case 'Object.seal':
      case 'Object.preventExtensions':
      case 'Object':
      case 'Promise.resolve':
        if (path === 'Promise.resolve') add(this.#promise(args[0] ?? this.#nil))
        else this.#flow(args[0] ?? this.#nil, result)
        if (path === 'Promise.resolve') site.promise = true
        return
      case 'Object.values':
      case 'Object.entries':
      case 'Object.fromEntries':
      case 'Reflect.ownKeys':
      case 'Object.keys':
      case 'Object.getOwnPropertyNames':
      case 'Reflect.get':
        if (/keys|Names|Keys/.test(path)) return
        if (path === 'Reflect.get') this.#flow(this.#elementsOf(args[0] ?? this.#nil), result)
        else
          add(
            this.#container(
              [this.#elementsOf(args[0] ?? this.#nil), this.#elementsOf(this.#elementsOf(args[0] ?? this.#nil))],
              path === 'Object.fromEntries',
            ),
          )
        return
      case 'Promise.all':
      case 'Promise.allSettled':
      case 'Promise.race':
      case 'Promise.any': {
        site.promise = true
        const settled = this.#settled(this.#elementsOf(args[0] ?? this.#nil))
        const answer = this.#solver.cell()
        if (path === 'Promise.race' || path === 'Promise.any') this.#flow(settled, answer)
        else this.#solver.add(answer, this.#container([settled]))
        add(this.#promise(answer))
        return
      }
      case 'Promise.reject':
        site.promise = true
        add(this.#promise(this.#nil))
        return
      case 'Array.from': {
        const answer = this.#solver.cell()
        const from = this.#elementsOf(args[0] ?? this.#nil)
        this.#callback(site, args[1] ?? this.#nil, [from], answer)
        const list = this.#array()
        this.#flow(from, this.#elements(this.#values[list] as Value))
        this.#flow(answer, this.#elements(this.#values[list] as Value))
        add(list)
        return
      }
      case 'Array.of':
      case 'Array': {
        const list = this.#array()
        for (const cell of everything) this.#flow(cell, this.#elements(this.#values[list] as Value))
        add(list)
        return
      }
      case 'JSON.parse':
        this.#callback(site, args[1] ?? this.#nil, [], this.#nil)
        return
      case 'JSON.stringify':
        this.#callback(site, args[1] ?? this.#nil, [], this.#nil)
        return
      case 'Object.groupBy':
      case 'Map.groupBy':
        this.#callback(site, args[1] ?? this.#nil, [this.#elementsOf(args[0] ?? this.#nil)], this.#nil)
        add(this.#container([this.#elementsOf(args[0] ?? this.#nil)], true))
        return
      case 'eval':
      case 'Function':
        add(anything)
        return
    }
    if (path.startsWith('settle:')) {
      const promise = this.#values[Number(path.slice(7))] as Value
      for (const cell of everything) this.#flow(this.#settled(cell), this.#elements(promise))
      return
    }
    // Any other native: it may call later what it is given, and may answer it.
    for (const cell of everything) this.#callback(undefined, cell, [], this.#nil)
    if (everything.some((cell) => cell !== this.#nil) && result !== this.#nil) {
      for (const cell of everything) this.#flow(cell, result)
    }
  }

  #defineProperty(site: Site, args: readonly Cell[], result: Cell): void {
    const descriptor = args[2] ?? this.#nil
    const key = (site.node['arguments'] as Node[] | undefined)?.[1]
    const name = key?.type === 'Literal' ? String(key['value']) : undefined
    this.#flow(args[0] ?? this.#nil, result)
    this.#solver.listen(args[0] ?? this.#nil, (token) => {
      if (token === anything) return this.#escapeCell(descriptor)
      this.#define(site, token, name, descriptor)
    })
  }

  #define(site: Site, token: Token, name: string | undefined, descriptor: Cell): void {
    const value = this.#values[token] as Value
    const target = name === undefined ? this.#star(value) : this.#field(token, name)
    this.#solver.listen(descriptor, (d) => {
      if (d === anything) return this.#solver.add(target, anything)
      this.#solver.edge(this.#lookup(d, 'value'), target)
      this.#solver.listen(this.#lookup(d, 'get'), (getter) =>
        this.#invoke(this.#implicit(site.node, site.fn, 'getter'), getter, { token }, [], undefined, target),
      )
      if (value.kind === 'native' && value.path?.endsWith('.prototype') === true && name !== undefined)
        this.#patch(name, this.#lookup(d, 'value'))
    })
  }

  #defineAll(site: Site, token: Token, descriptors: Cell | undefined): void {
    if (descriptors === undefined || descriptors === this.#nil) return
    this.#solver.listen(descriptors, (d) => {
      if (d === anything) return
      const value = this.#values[d] as Value
      const named = [...(value.fields?.keys() ?? [])]
      for (const name of named) this.#define(site, token, name, this.#field(d, name))
      this.#define(site, token, undefined, this.#star(value))
    })
  }

  #new(node: Node, fn: Fn): Cell {
    const site = this.#site(node, fn, 'new')
    node['$site'] = site
    const target = this.#expression(node['callee'], fn)
    const { args, spread } = this.#arguments(node['arguments'], fn)
    const result = this.#solver.cell()
    this.#constructAll(site, target, args, spread, result)
    return result
  }

  #constructAll(site: Site, target: Cell, args: readonly Cell[], spread: Cell | undefined, result: Cell): void {
    const seen = new Set<Token>()
    this.#solver.listen(target, (token) => {
      if (seen.has(token)) return
      seen.add(token)
      this.#construct(site, token, args, spread, result, undefined)
    })
  }

  #construct(
    site: Site,
    token: Token,
    args: readonly Cell[],
    spread: Cell | undefined,
    result: Cell,
    derived: Self | undefined,
  ): void {
    if (token === anything) return this.#invoke(site, anything, {}, args, spread, result)
    const value = this.#values[token] as Value
    switch (value.kind) {
      case 'class': {
        const self: Self = derived ?? { token: value.instance }
        if (self.token !== undefined) this.#solver.add(result, self.token)
        if (value.fn !== undefined) {
          site.targets.add(value.fn)
          this.#enter(value.fn, self, args, spread, this.#nil)
          // A constructor may answer another object.
          this.#solver.edge(this.#portsOf(value.fn).result, result)
        } else {
          const superCell = value.classNode?.['$super'] as Cell | undefined
          if (superCell !== undefined) {
            const seen = new Set<Token>()
            this.#solver.listen(superCell, (parent) => {
              if (seen.has(parent)) return
              seen.add(parent)
              this.#construct(site, parent, args, spread, result, self)
            })
          }
        }
        return
      }
      case 'function': {
        if (value.instance < 0) {
          value.instance = this.#value({ kind: 'object' })
          this.#solver.edge(this.#lookup(token, 'prototype'), this.#prototype(this.#values[value.instance] as Value))
        }
        const self: Self = derived ?? { token: value.instance }
        if (self.token !== undefined) this.#solver.add(result, self.token)
        site.targets.add(value.fn as Fn)
        this.#enter(value.fn as Fn, self, args, spread, result)
        return
      }
      case 'bound':
        this.#constructAll(site, value.bound?.target as Cell, [...(value.bound?.args ?? []), ...args], spread, result)
        return
      case 'native':
        this.#constructNative(site, value, args, spread, result)
        return
      case 'object':
        return
    }
  }

  #constructNative(site: Site, value: Value, args: readonly Cell[], spread: Cell | undefined, result: Cell): void {
    const path = value.path as string
    if (value.member?.kind === 'class') {
      this.#solver.add(result, this.#typed(value.member.instance))
      return
    }
    if (path === libraryPath) {
      this.#callLibrary(site, [...args, ...(spread === undefined ? [] : [spread])], result)
      return
    }
    site.other = true
    if (path === 'Promise') {
      const promise = this.#promise(this.#nil)
      const resolve = this.#solver.cell()
      this.#solver.add(resolve, this.#native(`settle:${promise}`))
      this.#callback(site, args[0] ?? this.#nil, [resolve, this.#nil], this.#nil)
      site.promise = true
      this.#solver.add(result, promise)
      return
    }
    if (path === 'Function') {
      this.#solver.add(result, anything)
      return
    }
    if (path === 'Array') {
      this.#invokeNative(site, value, {}, args, spread, result)
      return
    }
    if (path === 'k6/data.SharedArray') {
      const rows = this.#solver.cell()
      this.#callback(site, args[1] ?? this.#nil, [], rows)
      const list = this.#array()
      this.#flow(this.#elementsOf(rows), this.#elements(this.#values[list] as Value))
      this.#solver.add(result, list)
      return
    }
    if (path === 'Proxy') {
      // Traps may run on any access; the target is what most uses come to.
      for (const arg of args) this.#flow(arg, result)
      if (args[1] !== undefined) this.#escapeCell(args[1])
      return
    }
    const everything = [...args, ...(spread === undefined ? [] : [spread])]
    for (const cell of everything) this.#callback(undefined, cell, [], this.#nil)
    // Collections hold what they are given; an object of k6's (a `Stream` of a client) has members of its own.
    if (!collections.has(path)) return
    const held = everything.flatMap((cell) => [this.#elementsOf(cell), this.#elementsOf(this.#elementsOf(cell))])
    this.#solver.add(result, this.#container(held))
  }

  #superCall(site: Site, fn: Fn, args: readonly Cell[], spread: Cell | undefined): void {
    let owner: Fn | undefined = fn
    while (owner !== undefined && owner.kind === 'arrow') owner = owner.parent
    const superCell = owner?.ofClass?.['$super'] as Cell | undefined
    if (superCell === undefined) return
    const self: Self = { cell: this.#thisCell(fn) }
    const seen = new Set<Token>()
    this.#solver.listen(superCell, (parent) => {
      if (seen.has(parent)) return
      seen.add(parent)
      this.#construct(site, parent, args, spread, this.#thisCell(fn), self)
    })
  }

  #tag(node: Node, fn: Fn): Cell {
    const site = this.#site(node, fn, 'tag')
    node['$site'] = site
    const args: Cell[] = [this.#nil]
    const result = this.#solver.cell()
    const callee = node['tag'] as Node
    const values = (): void => {
      for (const e of node['quasi'].expressions as Node[]) args.push(this.#expression(e, fn))
    }
    if (callee.type === 'MemberExpression' && callee['object'].type !== 'Super') {
      const object = this.#expression(callee['object'], fn)
      const name = callee['computed'] ? this.#computedName(callee['property'], fn) : (callee['property'].name as string)
      values()
      this.#methodCall(site, callee, object, name, args, undefined, result, fn)
    } else {
      const target = this.#expression(callee, fn)
      values()
      this.#invokeAll(site, target, {}, args, undefined, result)
    }
    return result
  }

  #dynamicImport(node: Node, fn: Fn): Cell {
    const source = node['source'] as Node
    const result = this.#solver.cell()
    if (source.type !== 'Literal' || !/^k6(\/|$)/.test(String(source['value']))) {
      this.#expression(source, fn)
      return result
    }
    const namespace = this.#solver.cell()
    this.#solver.add(namespace, this.#native(`module:${source['value'] as string}`))
    this.#solver.add(result, this.#promise(namespace))
    return result
  }

  // ---- esbuild's helpers: understood, because going through their code would merge all modules into one ----

  #helperCall(node: Node, fn: Fn): Cell | undefined {
    const callee = node['callee'] as Node
    if (callee.type !== 'Identifier') return undefined
    const name = callee['name'] as string
    const args = node['arguments'] as Node[]
    // `require` as the person wrote it, and what the bundler makes of it beside ES modules.
    const requires =
      (name === 'require' && callee['$free'] === true) || (name === '__require' && callee['$var'] !== undefined)
    if (requires && args[0]?.type === 'Literal') {
      const cell = this.#solver.cell()
      this.#solver.add(cell, this.#native(`module:${String(args[0]['value'])}`))
      return cell
    }
    if (!name.startsWith('__') || callee['$var'] === undefined) return undefined
    switch (name) {
      case '__commonJS': {
        const factory = (args[0]?.['properties'] as Node[] | undefined)?.[0]?.['value'] as Node | undefined
        if (factory?.['$fn'] === undefined) return undefined
        this.#functionToken(factory)
        const ports = this.#portsOf(factory['$fn'] as Fn)
        const exportsToken = this.#value({ kind: 'object' })
        const moduleToken = this.#value({ kind: 'object' })
        this.#solver.add(this.#arg(ports, 0), exportsToken)
        this.#solver.add(this.#arg(ports, 1), moduleToken)
        this.#solver.add(this.#field(moduleToken, 'exports'), exportsToken)
        const wrapper = this.#value({ kind: 'function', fn: { ...(factory['$fn'] as Fn) } })
        // Calling the wrapper runs the module's body once and answers `module.exports`.
        const lazy = this.#lazyFn(node, factory['$fn'] as Fn)
        const value = this.#values[wrapper] as Value
        ;(value as { fn: Fn }).fn = lazy
        this.#solver.edge(this.#field(moduleToken, 'exports'), this.#portsOf(lazy).result)
        const cell = this.#solver.cell()
        this.#solver.add(cell, wrapper)
        return cell
      }
      case '__esm': {
        const factory = (args[0]?.['properties'] as Node[] | undefined)?.[0]?.['value'] as Node | undefined
        if (factory?.['$fn'] === undefined) return undefined
        this.#functionToken(factory)
        const wrapper = this.#value({ kind: 'function', fn: this.#lazyFn(node, factory['$fn'] as Fn) })
        const cell = this.#solver.cell()
        this.#solver.add(cell, wrapper)
        return cell
      }
      case '__toESM':
      case '__toCommonJS': {
        const from = this.#expression(args[0], fn)
        for (const rest of args.slice(1)) this.#expression(rest, fn)
        const token = this.#value({ kind: 'object' })
        this.#flow(from, this.#field(token, 'default'))
        this.#copyFields(from, token)
        const cell = this.#solver.cell()
        this.#solver.add(cell, token)
        if (name === '__toCommonJS') this.#flow(from, cell)
        return cell
      }
      case '__export': {
        const target = this.#expression(args[0], fn)
        for (const property of (args[1]?.['properties'] as Node[] | undefined) ?? []) {
          const getter = property['value'] as Node
          this.#functionToken(getter)
          const answer = this.#portsOf(getter['$fn'] as Fn).result
          const key = this.#keyName(property, fn)
          if (key !== undefined)
            this.#solver.listen(target, (token) => token !== anything && this.#flow(answer, this.#field(token, key)))
        }
        return this.#nil
      }
      case '__reExport':
      case '__copyProps': {
        const target = this.#expression(args[0], fn)
        const from = this.#expression(args[1], fn)
        for (const rest of args.slice(2)) this.#expression(rest, fn)
        this.#solver.listen(target, (token) => token !== anything && this.#copyFields(from, token))
        return target
      }
      case '__name':
        return this.#expression(args[0], fn)
    }
    return undefined
  }

  // The wrapper of a bundled module, as a function of its own: it is made async when the module's body blocks.
  #lazyFn(node: Node, body: Fn): Fn {
    const fn: Fn = {
      ...body,
      index: this.#program.functions.length,
      kind: 'function',
      name: '',
      node,
      isAsync: false,
      isGenerator: false,
    }
    this.#program.functions.push(fn)
    node['$lazy'] = fn
    const site = this.#site(node, fn, 'call')
    site.targets.add(body)
    return fn
  }
}
