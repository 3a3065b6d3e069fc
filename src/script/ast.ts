/**
 * Parsing and scopes: every function of the program and what every identifier refers to. One pass to declare, one to
 * resolve; the results hang on the nodes themselves, because the later passes visit each node anyway.
 */
import { parse as acornParse } from 'acorn'

/** An ESTree node; `$`-members are ours. */
export interface Node {
  type: string
  start: number
  end: number
  // biome-ignore lint: ESTree's shape depends on `type`.
  [member: string]: any
}

/** A variable of the script. */
export interface Variable {
  readonly name: string
  readonly kind: 'var' | 'let' | 'const' | 'function' | 'class' | 'param' | 'catch' | 'import'
  /** Assigned after its declaration. */
  reassigned: boolean
  /** What it stands for when it is an import binding: `*`, `default` or a name. */
  readonly imported?: { readonly source: string; readonly name: string }
  /** The analysis' node. */
  cell: number
}

export type FunctionKind =
  | 'program'
  | 'function'
  | 'arrow'
  | 'method'
  | 'constructor'
  | 'getter'
  | 'setter'
  | 'initializer'

export interface Fn {
  readonly index: number
  readonly node: Node
  readonly kind: FunctionKind
  readonly parent: Fn | undefined
  /** Written `async` or `function*` by the person. */
  readonly isAsync: boolean
  readonly isGenerator: boolean
  /** Class whose constructor, member or initializer this is. */
  readonly ofClass: Node | undefined
  usesArguments: boolean
  hasLoop: boolean
  readonly name: string
}

export interface Program {
  readonly root: Node
  readonly functions: Fn[]
  /** Identifier nodes that refer to nothing that the script declares. */
  readonly free: Node[]
  /** All names in use, so that generated ones can avoid them. */
  readonly names: ReadonlySet<string>
}

export interface ParseFailure {
  readonly message: string
  readonly offset: number
}

/** @throws acorn's SyntaxError, with `pos` */
export function parseScript(code: string, sourceType: 'module' | 'script'): Node {
  return acornParse(code, {
    ecmaVersion: 'latest',
    sourceType,
    allowHashBang: true,
    allowAwaitOutsideFunction: true,
    allowReturnOutsideFunction: false,
    allowImportExportEverywhere: false,
  }) as unknown as Node
}

class Scope {
  readonly parent: Scope | undefined
  readonly fn: Fn
  readonly isFunction: boolean
  readonly variables = new Map<string, Variable>()

  constructor(parent: Scope | undefined, fn: Fn, isFunction: boolean) {
    this.parent = parent
    this.fn = fn
    this.isFunction = isFunction
  }

  declare(name: string, kind: Variable['kind'], imported?: Variable['imported']): Variable {
    let variable = this.variables.get(name)
    if (variable === undefined) {
      variable = { name, kind, reassigned: false, cell: -1, ...(imported === undefined ? {} : { imported }) }
      this.variables.set(name, variable)
    }
    return variable
  }

  find(name: string): Variable | undefined {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      const variable = scope.variables.get(name)
      if (variable !== undefined) return variable
    }
    return undefined
  }

  get functionScope(): Scope {
    let scope: Scope = this
    while (!scope.isFunction) scope = scope.parent as Scope
    return scope
  }
}

/** Resolves every identifier of a parsed program. */
export function resolveScopes(root: Node): Program {
  return new Resolver(root).run()
}

class Resolver {
  readonly #root: Node
  readonly #functions: Fn[] = []
  readonly #free: Node[] = []
  readonly #names = new Set<string>()

  constructor(root: Node) {
    this.#root = root
  }

  run(): Program {
    const fn = this.#function(this.#root, 'program', undefined, undefined, '')
    const scope = new Scope(undefined, fn, true)
    this.#hoistVars(this.#root.body, scope)
    this.#declareLexical(this.#root.body, scope)
    for (const statement of this.#root['body'] as Node[]) this.#visit(statement, scope)
    return { root: this.#root, functions: this.#functions, free: this.#free, names: this.#names }
  }

  #function(node: Node, kind: FunctionKind, parent: Fn | undefined, ofClass: Node | undefined, name: string): Fn {
    const fn: Fn = {
      index: this.#functions.length,
      node,
      kind,
      parent,
      isAsync: node['async'] === true,
      isGenerator: node['generator'] === true,
      ofClass,
      usesArguments: false,
      hasLoop: false,
      name,
    }
    this.#functions.push(fn)
    node['$fn'] = fn
    return fn
  }

  // `var` and function declarations in nested blocks belong to the function (blocks hold functions themselves in strict code).
  #hoistVars(nodes: readonly (Node | null)[] | Node | null | undefined, scope: Scope): void {
    if (nodes === null || nodes === undefined) return
    if (Array.isArray(nodes)) {
      for (const node of nodes) this.#hoistVars(node as Node | null, scope)
      return
    }
    const node = nodes as Node
    switch (node.type) {
      case 'VariableDeclaration':
        if (node['kind'] === 'var')
          for (const d of node['declarations'] as Node[]) this.#declarePattern(d['id'], 'var', scope)
        return
      case 'IfStatement':
        this.#hoistVars(node['consequent'], scope)
        this.#hoistVars(node['alternate'], scope)
        return
      case 'ForStatement':
        this.#hoistVars(node['init'], scope)
        this.#hoistVars(node['body'], scope)
        return
      case 'ForInStatement':
      case 'ForOfStatement':
        this.#hoistVars(node['left'], scope)
        this.#hoistVars(node['body'], scope)
        return
      case 'WhileStatement':
      case 'DoWhileStatement':
      case 'LabeledStatement':
      case 'WithStatement':
        this.#hoistVars(node['body'], scope)
        return
      case 'BlockStatement':
        this.#hoistVars(node['body'], scope)
        return
      case 'TryStatement':
        this.#hoistVars(node['block'], scope)
        if (node['handler']) this.#hoistVars(node['handler'].body, scope)
        this.#hoistVars(node['finalizer'], scope)
        return
      case 'SwitchStatement':
        for (const c of node['cases'] as Node[]) this.#hoistVars(c['consequent'], scope)
        return
      case 'ExportNamedDeclaration':
        this.#hoistVars(node['declaration'], scope)
        return
    }
  }

  #declareLexical(nodes: readonly Node[], scope: Scope): void {
    for (const outer of nodes) {
      let node = outer
      if ((node.type === 'ExportNamedDeclaration' || node.type === 'ExportDefaultDeclaration') && node['declaration']) {
        node = node['declaration']
      }
      while (node.type === 'LabeledStatement') node = node['body']
      switch (node.type) {
        case 'VariableDeclaration':
          if (node['kind'] !== 'var') {
            for (const d of node['declarations'] as Node[])
              this.#declarePattern(d['id'], node['kind'] === 'const' ? 'const' : 'let', scope)
          }
          break
        case 'FunctionDeclaration':
          if (node['id']) scope.declare(node['id'].name, 'function')
          break
        case 'ClassDeclaration':
          if (node['id']) scope.declare(node['id'].name, 'class')
          break
        case 'ImportDeclaration':
          for (const s of node['specifiers'] as Node[]) {
            const name =
              s.type === 'ImportSpecifier'
                ? (s['imported'].name ?? s['imported'].value)
                : s.type === 'ImportDefaultSpecifier'
                  ? 'default'
                  : '*'
            scope.declare(s['local'].name, 'import', { source: node['source'].value as string, name })
          }
          break
      }
    }
  }

  #declarePattern(pattern: Node | null, kind: Variable['kind'], scope: Scope): void {
    if (pattern === null) return
    switch (pattern.type) {
      case 'Identifier':
        scope.declare(pattern['name'], kind)
        return
      case 'ObjectPattern':
        for (const p of pattern['properties'] as Node[])
          this.#declarePattern(p.type === 'RestElement' ? p['argument'] : p['value'], kind, scope)
        return
      case 'ArrayPattern':
        for (const p of pattern['elements'] as (Node | null)[]) this.#declarePattern(p, kind, scope)
        return
      case 'AssignmentPattern':
        this.#declarePattern(pattern['left'], kind, scope)
        return
      case 'RestElement':
        this.#declarePattern(pattern['argument'], kind, scope)
        return
    }
  }

  #visitAll(nodes: readonly (Node | null)[], scope: Scope): void {
    for (const node of nodes) if (node !== null) this.#visit(node, scope)
  }

  #reference(node: Node, scope: Scope, assigned: boolean): void {
    const name = node['name'] as string
    this.#names.add(name)
    const variable = scope.find(name)
    if (variable === undefined) {
      if (name === 'arguments') {
        let fn: Fn | undefined = scope.fn
        while (fn !== undefined && (fn.kind === 'arrow' || fn.kind === 'initializer')) fn = fn.parent
        if (fn !== undefined && fn.kind !== 'program') {
          fn.usesArguments = true
          node['$arguments'] = fn
          return
        }
      }
      this.#free.push(node)
      node['$free'] = true
      if (assigned) node['$target'] = true
      return
    }
    node['$var'] = variable
    if (assigned) variable.reassigned = true
  }

  // Assignment targets and binding patterns; `assign` is false in declarations.
  #pattern(node: Node | null, scope: Scope, assign: boolean): void {
    if (node === null) return
    switch (node.type) {
      case 'Identifier':
        this.#reference(node, scope, assign)
        return
      case 'ObjectPattern':
        for (const p of node['properties'] as Node[]) {
          if (p.type === 'RestElement') this.#pattern(p['argument'], scope, assign)
          else {
            if (p['computed']) this.#visit(p['key'], scope)
            this.#pattern(p['value'], scope, assign)
          }
        }
        return
      case 'ArrayPattern':
        for (const p of node['elements'] as (Node | null)[]) this.#pattern(p, scope, assign)
        return
      case 'AssignmentPattern':
        this.#pattern(node['left'], scope, assign)
        this.#visit(node['right'], scope)
        return
      case 'RestElement':
        this.#pattern(node['argument'], scope, assign)
        return
      default:
        this.#visit(node, scope)
    }
  }

  #visit(node: Node, scope: Scope): void {
    switch (node.type) {
      case 'Identifier':
        this.#reference(node, scope, false)
        return
      case 'FunctionDeclaration':
        this.#visitFunction(node, scope, 'function', undefined, node['id']?.name ?? 'default')
        return
      case 'FunctionExpression':
        this.#visitFunction(node, scope, 'function', undefined, node['id']?.name ?? node['$name'] ?? '')
        return
      case 'ArrowFunctionExpression':
        this.#visitFunction(node, scope, 'arrow', undefined, node['$name'] ?? '')
        return
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.#visitClass(node, scope)
        return
      case 'VariableDeclaration':
        for (const d of node['declarations'] as Node[]) {
          this.#pattern(d['id'], scope, false)
          if (d['init']) {
            if (d['id'].type === 'Identifier') d['init']['$name'] = d['id'].name
            this.#visit(d['init'], scope)
          }
        }
        return
      case 'AssignmentExpression':
        this.#pattern(node['left'], scope, true)
        if (node['left'].type === 'Identifier') node['right']['$name'] = node['left'].name
        else if (node['left'].type === 'MemberExpression' && !node['left'].computed)
          node['right']['$name'] = node['left'].property.name
        this.#visit(node['right'], scope)
        return
      case 'UpdateExpression':
        this.#pattern(node['argument'], scope, true)
        return
      case 'MemberExpression':
        this.#visit(node['object'], scope)
        if (node['computed']) this.#visit(node['property'], scope)
        return
      case 'Property':
        if (node['computed']) this.#visit(node['key'], scope)
        node['value']['$name'] = node['key'].name ?? String(node['key'].value ?? '')
        if (node['kind'] !== 'init') {
          this.#visitFunction(
            node['value'],
            scope,
            node['kind'] === 'get' ? 'getter' : 'setter',
            undefined,
            node['value']['$name'],
          )
        } else if (node['method'])
          this.#visitFunction(node['value'], scope, 'method', undefined, node['value']['$name'])
        else this.#visit(node['value'], scope)
        return
      case 'BlockStatement': {
        const inner = new Scope(scope, scope.fn, false)
        this.#declareLexical(node['body'], inner)
        this.#visitAll(node['body'], inner)
        return
      }
      case 'ForStatement': {
        scope.fn.hasLoop = true
        const inner = new Scope(scope, scope.fn, false)
        if (node['init']?.type === 'VariableDeclaration') this.#declareLexical([node['init']], inner)
        if (node['init']) this.#visit(node['init'], inner)
        if (node['test']) this.#visit(node['test'], inner)
        if (node['update']) this.#visit(node['update'], inner)
        this.#visit(node['body'], inner)
        return
      }
      case 'ForInStatement':
      case 'ForOfStatement': {
        scope.fn.hasLoop = true
        const inner = new Scope(scope, scope.fn, false)
        if (node['left'].type === 'VariableDeclaration') {
          this.#declareLexical([node['left']], inner)
          this.#visit(node['left'], inner)
        } else this.#pattern(node['left'], inner, true)
        this.#visit(node['right'], inner)
        this.#visit(node['body'], inner)
        return
      }
      case 'WhileStatement':
      case 'DoWhileStatement':
        scope.fn.hasLoop = true
        this.#visit(node['test'], scope)
        this.#visit(node['body'], scope)
        return
      case 'SwitchStatement': {
        this.#visit(node['discriminant'], scope)
        const inner = new Scope(scope, scope.fn, false)
        for (const c of node['cases'] as Node[]) this.#declareLexical(c['consequent'], inner)
        for (const c of node['cases'] as Node[]) {
          if (c['test']) this.#visit(c['test'], inner)
          this.#visitAll(c['consequent'], inner)
        }
        return
      }
      case 'CatchClause': {
        const inner = new Scope(scope, scope.fn, false)
        this.#declarePattern(node['param'], 'catch', inner)
        this.#pattern(node['param'], inner, false)
        this.#visit(node['body'], inner)
        return
      }
      case 'LabeledStatement':
        this.#visit(node['body'], scope)
        return
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'MetaProperty':
      case 'ImportDeclaration':
        return
      case 'ExportNamedDeclaration':
        if (node['declaration']) this.#visit(node['declaration'], scope)
        else if (!node['source'])
          for (const s of node['specifiers'] as Node[]) this.#reference(s['local'], scope, false)
        return
      case 'ExportDefaultDeclaration':
        if (node['declaration'].id === null || node['declaration'].id === undefined)
          node['declaration']['$name'] = 'default'
        this.#visit(node['declaration'], scope)
        return
      case 'ExportAllDeclaration':
        return
      default:
        this.#visitChildren(node, scope)
    }
  }

  #visitChildren(node: Node, scope: Scope): void {
    for (const key in node) {
      if (key === 'type' || key === 'start' || key === 'end' || key.charCodeAt(0) === 36) continue
      const value = node[key] as unknown
      if (value === null || typeof value !== 'object') continue
      if (Array.isArray(value)) {
        for (const item of value as (Node | null)[])
          if (item !== null && typeof item.type === 'string') this.#visit(item, scope)
      } else if (typeof (value as Node).type === 'string') this.#visit(value as Node, scope)
    }
  }

  #visitFunction(node: Node, outer: Scope, kind: FunctionKind, ofClass: Node | undefined, name: string): Fn {
    const fn = this.#function(node, kind, outer.fn, ofClass, name)
    let parent = outer
    if (node.type === 'FunctionExpression' && node['id']) {
      parent = new Scope(outer, fn, false)
      node['id']['$var'] = parent.declare(node['id'].name, 'const')
    } else if (node.type === 'FunctionDeclaration' && node['id']) {
      this.#reference(node['id'], outer, false)
    }
    const scope = new Scope(parent, fn, true)
    for (const p of node['params'] as Node[]) this.#declarePattern(p, 'param', scope)
    for (const p of node['params'] as Node[]) this.#pattern(p, scope, false)
    if (node['body'].type === 'BlockStatement') {
      this.#hoistVars(node['body'].body, scope)
      this.#declareLexical(node['body'].body, scope)
      this.#visitAll(node['body'].body, scope)
    } else this.#visit(node['body'], scope)
    return fn
  }

  #visitClass(node: Node, outer: Scope): void {
    let scope = outer
    if (node['id']) {
      if (node.type === 'ClassDeclaration') this.#reference(node['id'], outer, false)
      else {
        scope = new Scope(outer, outer.fn, false)
        node['id']['$var'] = scope.declare(node['id'].name, 'const')
      }
    }
    if (node['superClass']) this.#visit(node['superClass'], scope)
    for (const member of node['body'].body as Node[]) {
      if (member['computed']) this.#visit(member['key'], scope)
      const name = member['key']?.name ?? String(member['key']?.value ?? '')
      switch (member.type) {
        case 'MethodDefinition':
          this.#visitFunction(
            member['value'],
            scope,
            member['kind'] === 'get'
              ? 'getter'
              : member['kind'] === 'set'
                ? 'setter'
                : member['kind'] === 'constructor'
                  ? 'constructor'
                  : 'method',
            node,
            name,
          )
          break
        case 'PropertyDefinition':
        case 'StaticBlock': {
          const fn = this.#function(member, 'initializer', outer.fn, node, name)
          const inner = new Scope(scope, fn, true)
          if (member.type === 'StaticBlock') {
            this.#hoistVars(member['body'], inner)
            this.#declareLexical(member['body'], inner)
            this.#visitAll(member['body'], inner)
          } else if (member['value']) {
            member['value']['$name'] = name
            this.#visit(member['value'], inner)
          }
          break
        }
      }
    }
  }
}
