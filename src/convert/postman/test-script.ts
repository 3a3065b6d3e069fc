/**
 * What a Postman test script says in its usual words: the status, a time, a text in the body, and values kept for later
 * requests. Read from the syntax tree, never run. All else is counted, and kept as a comment by the caller.
 */
import { parse, type Node } from 'acorn'
import type { Check, ExtractFrom } from '../script/model.js'

export interface TestScript {
  readonly checks: readonly Check[]
  /** Postman variables set from the answer. */
  readonly kept: readonly { readonly name: string; readonly from: ExtractFrom }[]
  /** Statements that are none of these. */
  readonly others: number
}

export function readTestScript(source: string): TestScript {
  const checks: Check[] = []
  const kept: { name: string; from: ExtractFrom }[] = []
  let others = 0
  let tree: Node
  try {
    if (source.length > MAX_SOURCE) return { checks, kept, others: 1 }
    tree = parse(source, { ecmaVersion: 'latest', allowReturnOutsideFunction: true, allowAwaitOutsideFunction: true })
  } catch {
    return { checks, kept, others: source.trim() === '' ? 0 : 1 }
  }
  /** `const data = pm.response.json()`: names of paths into the answer. */
  const aliases = new Map<string, readonly string[]>()
  const statement = (node: Any, name: string | undefined): void => {
    if (node.type === 'VariableDeclaration') {
      let understood = true
      for (const { id, init } of node.declarations ?? []) {
        const path = init === undefined || init === null ? undefined : jsonPath(init, aliases)
        if (path !== undefined && id?.type === 'Identifier' && id.name !== undefined) aliases.set(id.name, path)
        else understood = false
      }
      if (!understood) others++
      return
    }
    const call = node.type === 'ExpressionStatement' ? node.expression : undefined
    if (call === undefined) {
      if (node.type !== 'EmptyStatement') others++
      return
    }
    // pm.test('name', function () { ... })
    const [title, body] = call.arguments ?? []
    if (call.type === 'CallExpression' && dotted(call.callee) === 'pm.test' && typeof title?.value === 'string') {
      const block = body?.body
      const inside = Array.isArray(block)
        ? block
        : Array.isArray((block as Any | undefined)?.body)
          ? ((block as Any).body as Any[])
          : undefined
      if (inside !== undefined) for (const inner of inside) statement(inner, title.value)
      else if (block !== undefined) statement({ type: 'ExpressionStatement', expression: block as Any }, title.value)
      return
    }
    const check = checkOf(call, name)
    const keep = keepOf(call, aliases)
    if (check !== undefined) checks.push(check)
    else if (keep !== undefined) kept.push(keep)
    else others++
  }
  for (const node of (tree as unknown as { body: Any[] }).body) statement(node, undefined)
  return { checks, kept, others }
}

const MAX_SOURCE = 200_000

/** As much of ESTree as is looked at. */
interface Any {
  readonly type: string
  readonly name?: string
  readonly value?: unknown
  readonly body?: unknown
  readonly expression?: Any
  readonly callee?: Any
  readonly arguments?: readonly Any[]
  readonly object?: Any
  readonly property?: Any
  readonly computed?: boolean
  readonly declarations?: readonly { readonly id?: Any; readonly init?: Any | null }[]
  readonly elements?: readonly (Any | null)[]
  readonly left?: Any
  readonly right?: Any
  readonly operator?: string
}

/** `pm.response.to.have.status`, calls on the way as `pm.expect()`. */
function dotted(node: Any | undefined): string {
  if (node === undefined) return '?'
  if (node.type === 'Identifier') return node.name ?? '?'
  if (node.type === 'MemberExpression' && node.computed !== true)
    return `${dotted(node.object)}.${node.property?.name ?? '?'}`
  if (node.type === 'CallExpression') return `${dotted(node.callee)}()`
  return '?'
}

const EQUAL = /^pm\.expect\(\)\.to(?:\.be|\.deep)?\.(?:eql?|equals?)$/
const BELOW = /^pm\.expect\(\)\.to\.be\.(?:below|lessThan|at\.most|lt)$/
const KNOWN_NAMES: Readonly<Record<string, number>> = {
  ok: 200,
  created: 201,
  accepted: 202,
  badRequest: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
}

function checkOf(node: Any, name: string | undefined): Check | undefined {
  const named = name === undefined ? {} : { name }
  if (node.type === 'MemberExpression') {
    const status = /^pm\.response\.to\.be\.(\w+)$/.exec(dotted(node))?.[1]
    if (status === 'success') return { kind: 'statusBelow', below: 300, ...named }
    const code = status !== undefined && Object.hasOwn(KNOWN_NAMES, status) ? KNOWN_NAMES[status] : undefined
    return code === undefined ? undefined : { kind: 'status', anyOf: [code], ...named }
  }
  // tests['name'] = responseCode.code === 200
  if (node.type === 'AssignmentExpression' && node.left?.object?.name === 'tests') {
    const { right } = node
    const title = node.left.property?.value
    if (right?.type !== 'BinaryExpression' || !/^={2,3}$/.test(right.operator ?? '')) return undefined
    if (dotted(right.left) !== 'responseCode.code' || typeof right.right?.value !== 'number') return undefined
    return { kind: 'status', anyOf: [right.right.value], ...(typeof title === 'string' ? { name: title } : {}) }
  }
  if (node.type !== 'CallExpression') return undefined
  const callee = dotted(node.callee)
  const value = node.arguments?.[0]?.value
  if (callee === 'pm.response.to.have.status' && typeof value === 'number')
    return { kind: 'status', anyOf: [value], ...named }
  if (callee === 'pm.response.to.have.header' && typeof value === 'string' && (node.arguments?.length ?? 0) === 1)
    return { kind: 'header', header: canonicalHeader(value), ...named }
  const subject = expectSubject(node.callee)
  if (EQUAL.test(callee) && subject === 'pm.response.code' && typeof value === 'number')
    return { kind: 'status', anyOf: [value], ...named }
  if (BELOW.test(callee) && subject === 'pm.response.responseTime' && typeof value === 'number')
    return { kind: 'duration', belowMs: value, ...named }
  if (/^pm\.expect\(\)\.to\.include$/.test(callee) && subject === 'pm.response.text()' && typeof value === 'string')
    return { kind: 'bodyHolds', text: value, ...named }
  const list = node.arguments?.[0]?.elements?.map((element) => element?.value)
  if (
    callee === 'pm.expect().to.be.oneOf' &&
    subject === 'pm.response.code' &&
    list?.every((item) => typeof item === 'number') === true
  )
    return { kind: 'status', anyOf: list as number[], ...named }
  return undefined
}

/** What stands in the brackets of `pm.expect(...)`. */
function expectSubject(node: Any | undefined): string {
  for (let at = node; at !== undefined; at = at.type === 'CallExpression' ? at.callee : at.object)
    if (at.type === 'CallExpression' && dotted(at.callee) === 'pm.expect') return dotted(at.arguments?.[0])
  return ''
}

function canonicalHeader(name: string): string {
  return name.toLowerCase().replace(/(^|-)([a-z])/g, (all) => all.toUpperCase())
}

/** pm.environment.set('token', pm.response.json().access_token) */
function keepOf(
  node: Any,
  aliases: ReadonlyMap<string, readonly string[]>,
): { name: string; from: ExtractFrom } | undefined {
  if (node.type !== 'CallExpression') return undefined
  if (
    !/^(?:pm\.(?:environment|collectionVariables|globals|variables)\.set|postman\.set(?:Environment|Global)Variable)$/.test(
      dotted(node.callee),
    )
  )
    return undefined
  const [nameNode, valueNode] = node.arguments ?? []
  if (typeof nameNode?.value !== 'string' || valueNode === undefined) return undefined
  const header = /^pm\.response\.headers\.get$/.test(dotted(valueNode.callee))
    ? valueNode.arguments?.[0]?.value
    : undefined
  if (typeof header === 'string')
    return { name: nameNode.value, from: { kind: 'header', name: canonicalHeader(header), lastSegment: false } }
  const path = jsonPath(valueNode, aliases)
  return path === undefined || path.length === 0 ? undefined : { name: nameNode.value, from: { kind: 'json', path } }
}

/** The path below the answer's JSON that an expression names. */
function jsonPath(node: Any, aliases: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  if (node.type === 'Identifier') return aliases.get(node.name ?? '')
  if (node.type === 'CallExpression') {
    const callee = dotted(node.callee)
    if (callee === 'pm.response.json') return []
    return callee === 'JSON.parse' && /^(?:responseBody|pm\.response\.text\(\))$/.test(dotted(node.arguments?.[0]))
      ? []
      : undefined
  }
  if (node.type !== 'MemberExpression' || node.object === undefined) return undefined
  const path = jsonPath(node.object, aliases)
  const { property } = node
  const key = node.computed === true ? property?.value : property?.name
  return path === undefined || (typeof key !== 'string' && typeof key !== 'number') ? undefined : [...path, String(key)]
}
