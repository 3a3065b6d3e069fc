/**
 * Rewrites the program: what was coloured becomes async and is awaited in place, in the order in which an expression is
 * evaluated anyway; loops poll, catch clauses pass the interruption on, and names of k6's global resolve through the VU.
 */
import type { Fn, Node, Program, Variable } from './ast.js'
import type { BlockingTable } from './blocking.js'
import type { CallPlan, Colouring } from './colour.js'
import { Output, type Piece } from './emit.js'
import { globalNames, intrinsics } from './flow/natives.js'
import { helperSources } from './twins.js'

export interface TransformOptions {
  readonly table: BlockingTable
  readonly colouring: Colouring
  readonly isModule: boolean
  /** URL of the file that an offset of the source belongs to. */
  urlAt(offset: number): string
  /** `file:line:column` of an offset, for messages. */
  placeAt(offset: number): string
}

export interface Transformed {
  readonly code: string
  readonly pieces: readonly Piece[]
  /** Exported name -> the local variable behind it. */
  readonly exports: ReadonlyMap<string, Variable | undefined>
  readonly modules: readonly string[]
}

/** Members of the VU's global that always exist; all other names are looked for when they are used. */
const environment = new Set([
  'console',
  '__ENV',
  '__VU',
  '__ITER',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'crypto',
  'TextEncoder',
  'TextDecoder',
  'global',
  'globalThis',
])

const pollEvery = 16383

export function transform(source: string, program: Program, options: TransformOptions): Transformed {
  return new Transformer(source, program, options).run()
}

/** State of the function that is being written. */
interface Frame {
  readonly fn: Fn
  temporaries: string[]
  /** The function's own `return` must put promises in a box. */
  readonly boxed: boolean
}

class Transformer {
  readonly #source: string
  readonly #program: Program
  readonly #options: TransformOptions
  readonly #out: Output
  readonly #helpers = new Set<string>()
  readonly #modules = new Set<string>()
  readonly #exports = new Map<string, { local: string; variable: Variable | undefined }>()
  readonly #starExports: string[] = []
  readonly #direct: (name: string) => boolean
  readonly #pw: string
  #temporaryCount = 0
  #frame: Frame

  constructor(source: string, program: Program, options: TransformOptions) {
    this.#source = source
    this.#program = program
    this.#options = options
    this.#out = new Output(source, renamer(program.names))
    this.#pw = '$pw'
    this.#frame = { fn: program.functions[0] as Fn, temporaries: [], boxed: false }
    const overwritten = overwritableIntrinsics(source, program)
    this.#direct = (name) => intrinsics.has(name) && !overwritten.has(name)
  }

  run(): Transformed {
    const { isModule, colouring } = this.#options
    const out = this.#out
    // Helpers have a scope of their own, where no declaration of the script's can hide what they use.
    out.text(`(function (${this.#pw}) { ${isModule ? '"use strict"; ' : ''}`)
    const helpers = out.slot()
    out.text(`return (${colouring.topLevelAwait ? 'async ' : ''}function () { `)
    const prelude = out.slot()
    const body = this.#program.root['body'] as Node[]
    let at = 0
    for (const statement of body) {
      out.source(at, statement.start)
      this.#statementInList(statement)
      at = statement.end
    }
    out.source(at, this.#source.length)
    out.text('\n')
    if (this.#helpers.has('$require')) out.text('$ready = true;\n')
    if (isModule) out.text(this.#exportObject())
    else
      out.text(
        'return typeof module.exports === "function" ? { __proto__: null, default: module.exports } : module.exports',
      )
    out.text('\n})() })')
    const names = new Map<string, string>()
    for (const module of this.#modules) names.set(module, `$m${names.size}`)
    out.fill(helpers, this.#outerPrelude(names))
    out.fill(prelude, this.#prelude(names))
    const { code, pieces } = out.finish()
    const exports = new Map<string, Variable | undefined>()
    for (const [name, { variable }] of this.#exports) exports.set(name, variable)
    return { code, pieces, exports, modules: [...this.#modules] }
  }

  // ---- frame of the factory ----

  #outerPrelude(names: ReadonlyMap<string, string>): string {
    const parts: string[] = [`const $g = ${this.#pw}.global;`]
    for (const [module, name] of names) parts.push(`const ${name} = ${this.#pw}.module(${JSON.stringify(module)});`)
    for (const name of this.#neededHelpers()) {
      if (name === '$blocking') parts.push(this.#blockingHelper(names))
      else parts.push(`${helperSources[name]?.source ?? ''};`)
    }
    return `${parts.join(' ')} `
  }

  #prelude(names: ReadonlyMap<string, string>): string {
    const parts: string[] = []
    if ((this.#program.functions[0] as Fn).hasLoop) parts.push('let $n = 0;')
    if (!this.#options.isModule) parts.push('const module = { exports: {} }; let exports = module.exports;')
    for (const statement of this.#program.root['body'] as Node[]) {
      if (statement.type !== 'ImportDeclaration') continue
      const module = names.get(statement['source'].value as string) as string
      for (const s of statement['specifiers'] as Node[]) {
        const local = s['local'].name as string
        if (s.type === 'ImportNamespaceSpecifier') parts.push(`const ${local} = ${module};`)
        else {
          const imported =
            s.type === 'ImportDefaultSpecifier' ? 'default' : ((s['imported'].name ?? s['imported'].value) as string)
          parts.push(`const ${local} = ${module}[${JSON.stringify(imported)}];`)
        }
      }
    }
    if (this.#frame.temporaries.length > 0) parts.push(`let ${this.#frame.temporaries.join(', ')};`)
    return parts.join(' ')
  }

  #neededHelpers(): string[] {
    const ordered: string[] = []
    const visit = (name: string): void => {
      if (ordered.includes(name)) return
      for (const need of helperSources[name]?.needs ?? []) visit(need)
      if (!ordered.includes(name)) ordered.push(name)
    }
    for (const name of this.#helpers) visit(name)
    return ordered
  }

  // Natives that answer a promise which the compiled code awaits, as values: members of modules by identity, of objects by name.
  #blockingHelper(modules: ReadonlyMap<string, string>): string {
    const values: string[] = []
    for (const [module, name] of modules) {
      for (const [member, { kind }] of Object.entries(this.#options.table.modules[module] ?? {})) {
        if (kind === 'blocks' || kind === 'calls') values.push(`${name}.${member}, ${name}.default?.${member}`)
      }
    }
    const members = new Set<string>()
    for (const type of Object.values(this.#options.table.types)) {
      for (const [member, { kind }] of Object.entries(type)) if (kind === 'blocks') members.add(member)
    }
    return (
      `const $blocking = ((values, names) => (f) => values.has(f) || names.has(f.name))` +
      `(new Set([${values.join(', ')}].filter((f) => f !== undefined)), new Set(${JSON.stringify([...members])}));`
    )
  }

  #exportObject(): string {
    const getters: string[] = []
    for (const [name, { local, variable }] of this.#exports) {
      const boxed = variable !== undefined && this.#boxedVariables().has(variable)
      if (boxed) this.#need('$unbox')
      const value = boxed ? `async/*pw*/ (...args) => $unbox(await ${local}(...args))` : local
      getters.push(`get ${JSON.stringify(name)}() { return ${value} }`)
    }
    const stars = this.#starExports.map((module) => `...${this.#pw}.module(${JSON.stringify(module)})`)
    return `return { __proto__: null, ${[...stars, ...getters].join(', ')} }`
  }

  #boxedVariables(): ReadonlySet<Variable> {
    const variables = new Set<Variable>()
    for (const fn of this.#options.colouring.boxed) {
      const id = fn.node['id'] as Node | null | undefined
      const variable = (id?.['$var'] ?? fn.node['$variable']) as Variable | undefined
      if (variable !== undefined) variables.add(variable)
    }
    return variables
  }

  #need(helper: string): string {
    this.#helpers.add(helper)
    return helper
  }

  #temporary(): string {
    const name = `$${++this.#temporaryCount}`
    this.#frame.temporaries.push(name)
    return name
  }

  // ---- walking ----

  #children(node: Node): Node[] {
    const children: Node[] = []
    let ordered = true
    for (const key in node) {
      if (key === 'type' || key.charCodeAt(0) === 36) continue
      const value = node[key] as unknown
      if (value === null || typeof value !== 'object') continue
      if (Array.isArray(value)) {
        for (const item of value as (Node | null)[]) {
          if (item === null || typeof item !== 'object' || typeof item.type !== 'string') continue
          if (children.length > 0 && (children[children.length - 1] as Node).start > item.start) ordered = false
          children.push(item)
        }
      } else if (typeof (value as Node).type === 'string') {
        const item = value as Node
        if (children.length > 0 && (children[children.length - 1] as Node).start > item.start) ordered = false
        children.push(item)
      }
    }
    if (!ordered) children.sort((a, b) => a.start - b.start)
    return children
  }

  #generic(node: Node): void {
    this.#sequence(node.start, node.end, this.#children(node))
  }

  #sequence(start: number, end: number, children: readonly Node[]): void {
    let at = start
    for (const child of children) {
      if (child.type === 'TemplateElement') continue
      this.#out.source(at, child.start)
      this.#node(child)
      at = child.end
    }
    this.#out.source(at, end)
  }

  #node(node: Node): void {
    const override = node['$override'] as string | undefined
    if (override !== undefined) return this.#out.text(override)
    switch (node.type) {
      case 'Identifier':
        return this.#identifier(node)
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.#function(node)
      case 'Property':
        return this.#property(node)
      case 'MethodDefinition':
        return this.#method(node)
      case 'PropertyDefinition':
        return this.#propertyDefinition(node)
      case 'StaticBlock':
        return this.#staticBlock(node)
      case 'MemberExpression':
        return this.#member(node)
      case 'CallExpression':
        return this.#call(node)
      case 'NewExpression':
        return this.#new(node)
      case 'TaggedTemplateExpression':
        return this.#tag(node)
      case 'ChainExpression':
        return this.#chain(node)
      case 'ImportExpression':
        return this.#dynamicImport(node)
      case 'ThrowStatement': {
        const argument = node['argument'] as Node
        // The usual `throw new Error()` brings its own stack.
        if (argument.type === 'NewExpression') return this.#generic(node)
        this.#out.textAt(`throw ${this.#need('$thrown')}(`, node.start)
        const end = this.#source[node.end - 1] === ';' ? node.end - 1 : node.end
        this.#sequence(node.start + 'throw'.length, end, [argument])
        this.#out.text(')')
        return this.#out.source(end, node.end)
      }
      case 'MetaProperty':
        return this.#metaProperty(node)
      case 'ThisExpression':
        return this.#this(node)
      case 'UnaryExpression':
        return this.#unary(node)
      case 'ReturnStatement':
        return this.#return(node)
      case 'CatchClause':
        return this.#catch(node)
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
      case 'WhileStatement':
      case 'DoWhileStatement':
        return this.#loop(node)
      case 'BlockStatement':
        return this.#block(node)
      case 'SwitchCase': {
        const at = node['test'] === null ? node.start : (node['test'] as Node).end
        if (node['test'] !== null) {
          this.#out.source(node.start, node['test'].start)
          this.#node(node['test'])
        }
        return this.#statements(at, node.end, node['consequent'])
      }
      case 'MetaStatement':
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'Literal':
        return this.#out.source(node.start, node.end)
      case 'LabeledStatement':
        this.#out.source(node.start, node['body'].start)
        return this.#node(node['body'])
      default:
        return this.#generic(node)
    }
  }

  #block(node: Node): void {
    this.#statements(node.start, node.end, node['body'])
  }

  #statements(start: number, end: number, statements: readonly Node[]): void {
    let at = start
    for (const statement of statements) {
      this.#out.source(at, statement.start)
      this.#statementInList(statement)
      at = statement.end
    }
    this.#out.source(at, end)
  }

  // An inserted `(` at the start of a statement would continue the line before it where the person wrote no semicolon.
  #statementInList(node: Node): void {
    switch (node.type) {
      case 'ExpressionStatement': {
        const expression = node['expression'] as Node
        const plan = expression['$plan'] as CallPlan | undefined
        if (expression.type === 'CallExpression' && plan === 'await' && expression.start === node.start) {
          this.#awaitText('await ', expression)
          this.#plainCall(expression)
          this.#out.source(expression.end, node.end)
          return
        }
        const slot = this.#out.slot()
        const mark = this.#out.length
        this.#generic(node)
        const first = this.#out.firstSince(mark)
        if ((first === '(' || first === '`' || first === '[') && this.#source[node.start] !== first)
          this.#out.fill(slot, ';')
        return
      }
      case 'ImportDeclaration':
        this.#modules.add(node['source'].value as string)
        return
      case 'ExportNamedDeclaration':
        return this.#exportNamed(node)
      case 'ExportDefaultDeclaration':
        return this.#exportDefault(node)
      case 'ExportAllDeclaration': {
        const module = node['source'].value as string
        this.#modules.add(module)
        if (node['exported'] === null) this.#starExports.push(module)
        else
          this.#exports.set(exportedName(node['exported']), {
            local: `${this.#pw}.module(${JSON.stringify(module)})`,
            variable: undefined,
          })
        return
      }
      default:
        return this.#node(node)
    }
  }

  #exportNamed(node: Node): void {
    const declaration = node['declaration'] as Node | null
    if (declaration !== null) {
      for (const [name, variable] of declaredNames(declaration)) this.#exports.set(name, { local: name, variable })
      this.#node(declaration)
      return
    }
    const source = node['source'] as Node | null
    for (const s of node['specifiers'] as Node[]) {
      if (source !== null) {
        const module = source['value'] as string
        this.#modules.add(module)
        const local = `${this.#pw}.module(${JSON.stringify(module)})[${JSON.stringify(exportedName(s['local']))}]`
        this.#exports.set(exportedName(s['exported']), { local, variable: undefined })
      } else this.#exports.set(exportedName(s['exported']), { local: s['local'].name, variable: s['local']['$var'] })
    }
  }

  #exportDefault(node: Node): void {
    const declaration = node['declaration'] as Node
    const named =
      (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') && declaration['id']
    if (named) {
      this.#exports.set('default', { local: declaration['id'].name, variable: declaration['id']['$var'] })
      this.#node(declaration)
      return
    }
    const variable = { name: '$default' } as Variable
    declaration['$variable'] = variable
    this.#exports.set('default', { local: '$default', variable })
    if (declaration.type === 'FunctionDeclaration') {
      declaration['$rename'] = '$default'
      this.#node(declaration)
    } else if (declaration.type === 'ClassDeclaration') {
      this.#out.text('const $default = ')
      this.#node(declaration)
    } else {
      this.#out.text('const $default = ')
      // Parentheses of the person's around the expression belong to it.
      const start =
        node.start +
        (/^export\s+default/.exec(this.#source.slice(node.start, declaration.start))?.[0].length ??
          declaration.start - node.start)
      this.#out.source(start, declaration.start)
      this.#node(declaration)
      this.#out.source(declaration.end, node.end)
    }
  }

  // ---- functions ----

  #function(node: Node, prefixAt: number = node.start): void {
    const fn = node['$fn'] as Fn
    if (this.#options.colouring.madeAsync.has(fn)) this.#out.text('async/*pw*/ ')
    this.#functionRest(node, prefixAt)
  }

  #functionRest(node: Node, start: number): void {
    const fn = node['$fn'] as Fn
    const outer = this.#frame
    this.#frame = { fn, temporaries: [], boxed: this.#options.colouring.boxed.has(fn) }
    const body = node['body'] as Node
    const params = node['params'] as Node[]
    const rename = node['$rename'] as string | undefined
    let at = start
    if (rename !== undefined) {
      const paren = this.#source.indexOf('(', start)
      this.#out.source(start, paren)
      this.#out.text(` ${rename}`)
      at = paren
    }
    let unpack: (() => void) | undefined
    if (params.some((p) => awaitsInside(p))) {
      const first = params[0] as Node
      const last = params[params.length - 1] as Node
      this.#out.source(at, first.start)
      const bare =
        this.#source[node.start] !== '(' &&
        node.type === 'ArrowFunctionExpression' &&
        params.length === 1 &&
        first.type === 'Identifier'
      this.#out.text(bare ? '(...$args)' : '...$args')
      at = last.end
      // `await` may not stand among the parameters of an async function: they are taken apart in its body.
      unpack = () => {
        this.#out.text('var [')
        this.#sequence(first.start, last.end, params)
        this.#out.text('] = $args;')
      }
    } else if (params.length > 0) {
      this.#sequence(at, (params[params.length - 1] as Node).end, params)
      at = (params[params.length - 1] as Node).end
    }
    if (body.type === 'BlockStatement') {
      const statements = body['body'] as Node[]
      const directives = statements.filter((s) => s['directive'] !== undefined)
      const after = directives.length === 0 ? body.start + 1 : (directives[directives.length - 1] as Node).end
      this.#out.source(at, after)
      const slot = this.#out.slot()
      unpack?.()
      this.#statements(after, body.end, statements.slice(directives.length))
      const declared = [...(fn.hasLoop ? ['$n = 0'] : []), ...this.#frame.temporaries]
      if (declared.length > 0) this.#out.fill(slot, `${directives.length > 0 ? ';' : ''} let ${declared.join(', ')};`)
      else if (unpack !== undefined && directives.length > 0) this.#out.fill(slot, ';')
    } else {
      const arrow = this.#source.lastIndexOf('=>', body.start) + 2
      this.#out.source(at, arrow)
      const open = this.#out.slot()
      unpack?.()
      const opened = this.#out.slot()
      if (this.#frame.boxed) this.#out.text(`${this.#need('$box')}(`)
      this.#out.source(arrow, body.start)
      const mark = this.#out.length
      this.#node(body)
      const startsObject = this.#out.firstSince(mark) === '{' && this.#source[body.start] !== '{'
      this.#out.source(body.end, node.end)
      if (this.#frame.boxed) this.#out.text(')')
      if (unpack !== undefined || this.#frame.temporaries.length > 0 || startsObject) {
        const temporaries = this.#frame.temporaries.length > 0 ? `let ${this.#frame.temporaries.join(', ')}; ` : ''
        this.#out.fill(open, ` { ${temporaries}`)
        this.#out.fill(opened, ' return ')
        this.#out.text(' }')
      } else if (this.#frame.boxed) this.#out.fill(open, ' ')
    }
    this.#frame = outer
  }

  #property(node: Node): void {
    if (node['shorthand']) {
      // `{ x }`, `{ x = 1 }`: the name stays, the value may be another expression.
      const value = node['value'] as Node
      const target = value.type === 'AssignmentPattern' ? (value['left'] as Node) : value
      if (target['$free'] === true && !this.#isDirect(target['name'])) this.#out.text(`${target['name'] as string}: `)
      return this.#node(value)
    }
    if (node['method'] !== true && node['kind'] === 'init') return this.#propertyPair(node)
    this.#methodLike(node, node.start)
  }

  #propertyPair(node: Node): void {
    const key = node['key'] as Node
    if (node['computed']) {
      this.#out.source(node.start, key.start)
      this.#node(key)
    } else this.#out.source(node.start, key.end)
    this.#out.source(key.end, node['value'].start)
    this.#node(node['value'])
    this.#out.source(node['value'].end, node.end)
  }

  #method(node: Node): void {
    let start = node.start
    if (node['static'] === true) {
      this.#out.source(start, start + 6)
      start += 6
      const space = /^(\s|\/\*[\s\S]*?\*\/|\/\/.*)*/.exec(this.#source.slice(start))?.[0].length ?? 0
      this.#out.source(start, start + space)
      start += space
    }
    this.#methodLike(node, start)
  }

  #methodLike(node: Node, start: number): void {
    const value = node['value'] as Node
    const key = node['key'] as Node
    if (this.#options.colouring.madeAsync.has(value['$fn'] as Fn)) this.#out.text('async/*pw*/ ')
    this.#out.source(start, key.start)
    if (node['computed']) this.#node(key)
    else this.#out.source(key.start, key.end)
    this.#out.source(key.end, value.start)
    this.#functionRest(value, value.start)
  }

  #propertyDefinition(node: Node): void {
    const key = node['key'] as Node
    this.#out.source(node.start, key.start)
    if (node['computed']) this.#node(key)
    else this.#out.source(key.start, key.end)
    const value = node['value'] as Node | null
    if (value === null) return this.#out.source(key.end, node.end)
    this.#out.source(key.end, value.start)
    const outer = this.#frame
    this.#frame = { fn: node['$fn'] as Fn, temporaries: [], boxed: false }
    this.#node(value)
    this.#frame = outer
    this.#out.source(value.end, node.end)
  }

  #staticBlock(node: Node): void {
    const outer = this.#frame
    const fn = node['$fn'] as Fn
    this.#frame = { fn, temporaries: [], boxed: false }
    const open = this.#source.indexOf('{', node.start) + 1
    this.#out.source(node.start, open)
    const slot = this.#out.slot()
    this.#statements(open, node.end, node['body'])
    const declared = [...(fn.hasLoop ? ['$n = 0'] : []), ...this.#frame.temporaries]
    if (declared.length > 0) this.#out.fill(slot, ` let ${declared.join(', ')};`)
    this.#frame = outer
  }

  #return(node: Node): void {
    const argument = node['argument'] as Node | null
    if (argument === null || !this.#frame.boxed) return this.#generic(node)
    this.#out.source(node.start, argument.start)
    this.#out.text(`${this.#need('$box')}(`)
    this.#node(argument)
    this.#out.text(')')
    this.#out.source(argument.end, node.end)
  }

  // ---- statements that can hold a script up ----

  #loop(node: Node): void {
    const body = node['body'] as Node
    const poll = ` if ((++$n & ${pollEvery}) === 0) ${this.#pw}.poll();`
    const head = this.#children(node).filter((child) => child !== body && child.start < body.start)
    this.#sequence(node.start, body.start, head)
    if (body.type === 'BlockStatement') {
      this.#out.source(body.start, body.start + 1)
      this.#out.text(poll)
      this.#statements(body.start + 1, body.end, body['body'])
    } else {
      // A `do` before it needs the space.
      this.#out.text(` {${poll} `)
      this.#node(body)
      this.#out.text(' }')
    }
    if (node.type === 'DoWhileStatement') this.#sequence(body.end, node.end, [node['test']])
    else this.#out.source(body.end, node.end)
  }

  #catch(node: Node): void {
    const param = node['param'] as Node | null
    const body = node['body'] as Node
    const pass = (name: string): string => ` if (${this.#pw}.isInterrupt(${name})) throw ${name};`
    if (param === null) {
      const keyword = node.start + 5
      this.#out.source(node.start, keyword)
      this.#out.text(' ($e)')
      this.#out.source(keyword, body.start + 1)
      this.#out.text(pass('$e'))
    } else if (param.type === 'Identifier') {
      this.#out.source(node.start, body.start + 1)
      this.#out.text(pass(param['name']))
    } else {
      this.#out.source(node.start, param.start)
      this.#out.text('$e')
      this.#out.source(param.end, body.start + 1)
      this.#out.text(`${pass('$e')} let `)
      this.#node(param)
      this.#out.text(' = $e;')
    }
    this.#statements(body.start + 1, body.end, body['body'])
  }

  // ---- calls ----

  #call(node: Node): void {
    const special = this.#specialCall(node)
    if (special) return
    const plan = node['$plan'] as CallPlan | undefined
    switch (plan) {
      case undefined:
        return this.#plainCall(node)
      case 'await':
        this.#awaitText('(await ', node)
        this.#plainCall(node)
        return this.#out.text(')')
      case 'unbox':
        this.#awaitText(`${this.#need('$unbox')}(await `, node)
        this.#plainCall(node)
        return this.#out.text(')')
      case 'dynamic':
        this.#awaitText(`${this.#need('$unbox')}(await `, node)
        this.#reflected(node, this.#need('$dynamic'))
        return this.#out.text(')')
      case 'twin':
        this.#awaitText(`${this.#need('$unbox')}(await `, node)
        this.#reflected(node, this.#need('$twin'))
        return this.#out.text(')')
      case 'guard':
        return this.#reflected(node, this.#need('$guard'), JSON.stringify(this.#options.placeAt(node.start)))
    }
  }

  // A stack trace places a waiting frame at its `await`; that is to show as the call's parenthesis, where k6 places it.
  #awaitText(text: string, call: Node): void {
    const callee = (call['callee'] ?? call['tag']) as Node
    this.#out.textAt(text, callee.end)
  }

  #plainCall(node: Node): void {
    const callee = node['callee'] as Node
    const args = node['arguments'] as Node[]
    if (callee.type === 'Identifier' && callee['$free'] === true && !this.#isDirect(callee['name'])) {
      const name = callee['name'] as string
      // As a member of the global it would be called with the global as `this`.
      if (environment.has(name)) this.#node(callee)
      else this.#out.textAt(`(0, ${this.#freeRead(name, callee)})`, callee.start)
      this.#sequence(callee.end, node.end, args)
      return
    }
    if (node['$deoptional'] === true) {
      this.#node(callee)
      // The callee was taken out of its object, which must stay its `this`.
      const self = node['$viaCall'] as string | undefined
      if (self === undefined) this.#callArguments(node)
      else this.#callArguments(node, `.call(${self}${args.length > 0 ? ', ' : ''}`)
      return
    }
    this.#sequence(node.start, node.end, [callee, ...args])
  }

  #callArguments(node: Node, open = '('): void {
    const args = node['arguments'] as Node[]
    this.#out.text(open)
    args.forEach((arg, i) => {
      if (i > 0) this.#out.text(', ')
      this.#node(arg)
    })
    this.#out.text(')')
  }

  /** `helper(self, callee, [arguments])`, evaluated in the order of the call itself. */
  #reflected(node: Node, helper: string, extra?: string): void {
    const tag = node.type === 'TaggedTemplateExpression'
    let callee = (tag ? node['tag'] : node['callee']) as Node
    while (callee.type === 'ParenthesizedExpression') callee = callee['expression']
    const out = this.#out
    out.textAt(`${helper}(`, node.start)
    if (callee.type === 'MemberExpression' && callee['$override'] === undefined) {
      if (callee['object'].type === 'Super') {
        out.text('this, ')
        this.#node(callee)
      } else {
        const self = this.#temporary()
        out.text(`${self} = `)
        this.#node(callee['object'])
        out.text(', ')
        out.textAt(self, callee['property'].start)
        if (callee['computed']) {
          out.text('[')
          this.#node(callee['property'])
          out.text(']')
        } else {
          out.text('.')
          out.source(callee['property'].start, callee['property'].end)
        }
      }
    } else {
      out.text(`${(callee['$self'] as string | undefined) ?? 'undefined'}, `)
      this.#node(callee)
    }
    out.text(', [')
    ;(node['arguments'] as Node[]).forEach((arg, i) => {
      if (i > 0) out.text(', ')
      this.#node(arg)
    })
    out.text(`]${extra === undefined ? '' : `, ${extra}`})`)
  }

  #new(node: Node): void {
    const plan = node['$plan'] as CallPlan | undefined
    if (plan === 'twin') {
      this.#awaitText(`${this.#need('$unbox')}(await ${this.#need('$newPromise')}`, node)
      this.#callArguments(node)
      this.#out.text(')')
      return
    }
    const callee = node['callee'] as Node
    const free = callee.type === 'Identifier' && callee['$free'] === true && !this.#isDirect(callee['name'])
    if (!free || environment.has(callee['name'])) return this.#generic(node)
    this.#out.source(node.start, callee.start)
    this.#out.textAt(`(${this.#freeRead(callee['name'], callee)})`, callee.start)
    this.#sequence(callee.end, node.end, node['arguments'])
  }

  #tag(node: Node): void {
    const plan = node['$plan'] as CallPlan | undefined
    const plain = (): void =>
      this.#sequence(node.start, node.end, [node['tag'], ...(node['quasi'].expressions as Node[])])
    if (plan === undefined || plan === 'guard') return plain()
    const unbox = plan !== 'await'
    this.#awaitText(unbox ? `${this.#need('$unbox')}(await ` : '(await ', node)
    plain()
    this.#out.text(')')
  }

  // ---- optional chains ----

  /** Whether a call inside the chain, after a `?.` and not the last of it, is awaited: then the chain is taken apart. */
  #chain(node: Node): void {
    const expression = node['expression'] as Node
    const spine = chainSpine(expression)
    const optionalAt = spine.findIndex((n) => n['optional'] === true)
    const plans = spine.map((n) =>
      n.type === 'CallExpression' && n['$plan'] !== undefined ? (n['$plan'] as CallPlan) : undefined,
    )
    const lastPlan = plans[plans.length - 1]
    const inside = plans.some((plan, i) => plan !== undefined && i >= optionalAt && i < spine.length - 1)
    if (optionalAt < 0 || (!inside && lastPlan === undefined)) return this.#node(expression)
    if (!inside && (lastPlan === 'await' || lastPlan === 'unbox')) {
      this.#awaitText(lastPlan === 'await' ? '(await ' : `${this.#need('$unbox')}(await `, expression)
      this.#plainCall(expression)
      this.#out.text(')')
      return
    }
    const link = spine[optionalAt] as Node
    const before = (link.type === 'MemberExpression' ? link['object'] : link['callee']) as Node
    const value = this.#temporary()
    const out = this.#out
    out.text('((')
    if (link.type === 'CallExpression' && before.type === 'MemberExpression') {
      const self = this.#temporary()
      if (before['object'].type === 'Super') out.text(`${self} = this`)
      else {
        out.text(`${self} = `)
        this.#node(before['object'])
      }
      out.text(`, ${value} = `)
      if (before['object'].type === 'Super') this.#node(before)
      else if (before['computed']) {
        out.text(`${self}[`)
        this.#node(before['property'])
        out.text(']')
      } else {
        out.text(`${self}.`)
        out.source(before['property'].start, before['property'].end)
      }
      before['$override'] = value
      before['$self'] = self
      if (link['$plan'] === undefined || link['$plan'] === 'await' || link['$plan'] === 'unbox') link['$viaCall'] = self
    } else {
      out.text(`${value} = `)
      this.#node(before)
      before['$override'] = value
    }
    link['optional'] = false
    link['$deoptional'] = true
    out.text(') == null ? undefined : ')
    this.#chain(node)
    out.text(')')
  }

  #member(node: Node): void {
    const object = node['object'] as Node
    if (node['$deoptional'] === true) {
      this.#node(object)
      if (node['computed']) {
        this.#out.text('[')
        this.#node(node['property'])
        this.#out.text(']')
      } else {
        this.#out.text('.')
        this.#out.source(node['property'].start, node['property'].end)
      }
      return
    }
    this.#sequence(node.start, node.end, node['computed'] ? [object, node['property']] : [object])
  }

  // ---- names ----

  #isDirect(name: string): boolean {
    if (name === 'undefined' || name === 'NaN' || name === 'Infinity' || name === 'eval') return true
    if (!this.#options.isModule && (name === 'module' || name === 'exports')) return true
    return this.#direct(name)
  }

  #identifier(node: Node): void {
    if (node['$free'] !== true || this.#isDirect(node['name'])) return this.#out.source(node.start, node.end)
    const name = node['name'] as string
    if (node['$target'] === true) {
      this.#out.textAt(
        environment.has(name) || !this.#options.isModule
          ? `$g.${name}`
          : `$g[${this.#need('$assigned')}(${JSON.stringify(name)})]`,
        node.start,
      )
      return
    }
    const wrapped = this.#freeRead(name, node)
    this.#out.textAt(
      environment.has(name) || name === 'open' || name === 'require' ? wrapped : `(${wrapped})`,
      node.start,
    )
  }

  #freeRead(name: string, node: Node): string {
    if (environment.has(name)) return `$g.${name}`
    if (name === 'open') return `${this.#need('$opener')}(${JSON.stringify(this.#options.urlAt(node.start))})`
    if (name === 'require') return this.#need('$require')
    return `${JSON.stringify(name)} in $g ? $g.${name} : ${this.#need('$undeclared')}(${JSON.stringify(name)})`
  }

  #unary(node: Node): void {
    const argument = node['argument'] as Node
    if (
      node['operator'] === 'typeof' &&
      argument.type === 'Identifier' &&
      argument['$free'] === true &&
      !this.#isDirect(argument['name'])
    ) {
      const name = argument['name'] as string
      if (name !== 'open' && name !== 'require') {
        this.#out.source(node.start, argument.start)
        this.#out.text(`$g.${name}`)
        this.#out.source(argument.end, node.end)
        return
      }
    }
    this.#generic(node)
  }

  // Calls that are something else: open, require, code that asks for the global object.
  #specialCall(node: Node): boolean {
    const callee = node['callee'] as Node
    const args = node['arguments'] as Node[]
    const lazy = node['$lazy'] as Fn | undefined
    if (lazy !== undefined && this.#options.colouring.madeAsync.has(lazy)) {
      // A bundled module whose body blocks.
      this.#out.text(this.#need(callee['name'] === '__esm' ? '$lazyEsm' : '$lazyCommonJs'))
      this.#callArguments(node)
      return true
    }
    if (
      callee.type === 'Identifier' &&
      callee['name'] === '__require' &&
      args[0]?.type === 'Literal' &&
      /^k6(\/|$)/.test(String(args[0]['value']))
    ) {
      this.#modules.add(String(args[0]['value']))
      this.#out.textAt(`${this.#pw}.module(${JSON.stringify(args[0]['value'])})`, node.start)
      return true
    }
    if (callee.type === 'Identifier' && callee['$free'] === true) {
      const name = callee['name'] as string
      if (name === 'open' && !args.some((arg) => arg.type === 'SpreadElement')) {
        this.#out.textAt(`${this.#pw}.open`, node.start)
        this.#out.text('(')
        for (let i = 0; i < 2; i++) {
          const arg = args[i]
          if (arg === undefined) this.#out.text('undefined')
          else this.#node(arg)
          this.#out.text(', ')
        }
        this.#out.text(`${JSON.stringify(this.#options.urlAt(node.start))})`)
        return true
      }
      const module = args[0]?.type === 'Literal' ? String(args[0]['value']) : undefined
      if (name === 'require' && module !== undefined && /^k6(\/|$)/.test(module)) {
        this.#modules.add(module)
        const call = this.#frame.fn.kind === 'program' ? `${this.#pw}.module` : this.#need('$require')
        this.#out.textAt(`${call}(${JSON.stringify(module)})`, callee.end)
        return true
      }
      if (name === 'Function' && isReturnThis(args)) {
        this.#out.text('(() => $g)')
        return true
      }
    }
    return false
  }

  #dynamicImport(node: Node): void {
    const source = node['source'] as Node
    if (source.type === 'Literal' && /^k6(\/|$)/.test(String(source['value']))) {
      this.#modules.add(source['value'] as string)
      this.#out.text(`Promise.resolve(${this.#pw}.module(${JSON.stringify(source['value'])}))`)
      return
    }
    this.#need('$require')
    this.#out.text('Promise.resolve(')
    this.#node(source)
    this.#out.text(').then($require)')
  }

  #metaProperty(node: Node): void {
    if (node['meta'].name !== 'import') return this.#out.source(node.start, node.end)
    const url = JSON.stringify(this.#options.urlAt(node.start))
    this.#out.text(`({ url: ${url}, resolve: (specifier) => ${this.#pw}.resolve(specifier, ${url}) })`)
  }

  #this(node: Node): void {
    let fn: Fn | undefined = this.#frame.fn
    while (fn !== undefined && fn.kind === 'arrow') fn = fn.parent
    if (fn?.kind === 'program' && !this.#options.isModule) this.#out.text('module.exports')
    else if (fn?.kind === 'program') this.#out.text('undefined')
    else this.#out.source(node.start, node.end)
  }
}

/** Generated names begin with `$`; where a script has such a name too, the generated ones get another. */
function renamer(names: ReadonlySet<string>): ((text: string) => string) | undefined {
  const generated = /^\$(?:\d+|m\d+|[gne]|default|ready|blocking)$/
  if (![...names].some((name) => generated.test(name) || name in helperSources)) return undefined
  const all = new RegExp(
    `(?<![\\w$.])\\$(\\d+|m\\d+|[gne]|${[...Object.keys(helperSources), '$default', '$blocking', '$ready'].map((name) => name.slice(1)).join('|')})(?![\\w$])`,
    'g',
  )
  return (text) => text.replace(all, '$$pw_$1')
}

function exportedName(node: Node): string {
  return (node['name'] ?? node['value']) as string
}

function declaredNames(declaration: Node): [string, Variable][] {
  if (declaration['id']) return [[declaration['id'].name, declaration['id']['$var']]]
  const names: [string, Variable][] = []
  const pattern = (node: Node | null): void => {
    if (node === null) return
    if (node.type === 'Identifier') names.push([node['name'], node['$var']])
    else if (node.type === 'ObjectPattern')
      for (const p of node['properties'] as Node[]) pattern(p.type === 'RestElement' ? p['argument'] : p['value'])
    else if (node.type === 'ArrayPattern') for (const p of node['elements'] as (Node | null)[]) pattern(p)
    else if (node.type === 'AssignmentPattern') pattern(node['left'])
    else if (node.type === 'RestElement') pattern(node['argument'])
  }
  for (const d of declaration['declarations'] as Node[]) pattern(d['id'])
  return names
}

/** Nodes of an optional chain, from the innermost member or call to the whole. */
function chainSpine(expression: Node): Node[] {
  const spine: Node[] = []
  let node: Node | undefined = expression
  while (
    node !== undefined &&
    (node.type === 'MemberExpression' || node.type === 'CallExpression') &&
    node['$override'] === undefined
  ) {
    spine.unshift(node)
    node = (node.type === 'MemberExpression' ? node['object'] : node['callee']) as Node
  }
  return spine
}

/** Whether an await will stand in this expression, nested functions apart. */
function awaitsInside(node: Node): boolean {
  const plan = node['$plan'] as CallPlan | undefined
  if (plan !== undefined && plan !== 'guard') return true
  for (const key in node) {
    if (key.charCodeAt(0) === 36) continue
    const value = node[key] as unknown
    if (value === null || typeof value !== 'object') continue
    for (const item of (Array.isArray(value) ? value : [value]) as (Node | null)[]) {
      if (item === null || typeof item !== 'object' || typeof item.type !== 'string') continue
      if (item['$fn'] !== undefined) continue
      if (awaitsInside(item)) return true
    }
  }
  return false
}

function isReturnThis(args: readonly Node[]): boolean {
  return args.length === 1 && args[0]?.type === 'Literal' && /^\s*return this;?\s*$/.test(String(args[0]['value']))
}

/** Intrinsics that the script may replace through its global object: they are looked up there. */
function overwritableIntrinsics(source: string, program: Program): ReadonlySet<string> {
  const result = new Set<string>()
  const names = new Set(program.free.map((node) => node['name'] as string))
  // `randomSeed` gives the VU a Math of its own.
  if (source.includes('randomSeed')) result.add('Math')
  for (const node of program.free) if (node['$target'] === true) result.add(node['name'] as string)
  const reachesGlobal = [...globalNames].some((name) => names.has(name)) || /Function\(\s*["']return this/.test(source)
  if (!reachesGlobal) return result
  for (const name of intrinsics) {
    // A name that stands as a key, a member or a string could be written to the global under it.
    if (new RegExp(`(\\.${name}\\b|['"]${name}['"]|\\b${name}\\s*:|\\[\\s*${name}\\b)`).test(source)) result.add(name)
  }
  return result
}
