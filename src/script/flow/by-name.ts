/**
 * The wider answer, for programs that are too large for the flow analysis: a call may reach every function of its name.
 * Linear in the size of the program; three to eight times too many functions turn asynchronous.
 */
import type { Fn, Node, Program } from '../ast.js'
import type { BlockingTable } from '../blocking.js'
import type { FlowResult } from './analyse.js'
import type { Site } from './model.js'
import { callbackMethods } from './natives.js'

export function analyseByName(program: Program, table: BlockingTable): FlowResult {
  const byName = new Map<string, Fn[]>()
  for (const fn of program.functions) {
    if (fn.name === '' || fn.kind === 'program') continue
    const list = byName.get(fn.name)
    if (list === undefined) byName.set(fn.name, [fn])
    else list.push(fn)
  }
  const blocking = new Set<string>()
  const calling = new Set<string>()
  for (const members of [...Object.values(table.modules), ...Object.values(table.types)]) {
    for (const [name, member] of Object.entries(members)) {
      if (member.kind === 'blocks') blocking.add(name)
      if (member.kind === 'calls') calling.add(name)
    }
  }
  const imported = (node: Node): string | undefined => node['$var']?.imported?.name as string | undefined
  const nameOf = (callee: Node): string | undefined => {
    if (callee.type === 'Identifier') return imported(callee) ?? (callee['name'] as string)
    if (callee.type === 'MemberExpression' && !callee['computed']) return callee['property'].name as string
    if (callee.type === 'ChainExpression' || callee.type === 'ParenthesizedExpression')
      return nameOf(callee['expression'])
    return undefined
  }
  const functionsIn = (node: Node): Fn[] => {
    if (node['$fn'] !== undefined) return [node['$fn'] as Fn]
    if (node.type === 'ObjectExpression') {
      return (node['properties'] as Node[]).flatMap((p) => (p.type === 'Property' ? functionsIn(p['value']) : []))
    }
    const name = nameOf(node)
    return name === undefined ? [] : (byName.get(name) ?? [])
  }
  const sites: Site[] = []
  const later = new Set<Fn>()
  const visit = (node: Node, outer: Fn): void => {
    const fn = (node['$fn'] as Fn | undefined) ?? outer
    if (node.type === 'CallExpression' || node.type === 'TaggedTemplateExpression' || node.type === 'NewExpression') {
      const callee = (node.type === 'TaggedTemplateExpression' ? node['tag'] : node['callee']) as Node
      const name = nameOf(callee)
      const local = callee.type === 'Identifier' && callee['$var'] !== undefined && imported(callee) === undefined
      const site: Site = {
        index: sites.length,
        library: false,
        node,
        fn,
        kind: node.type === 'CallExpression' ? 'call' : node.type === 'NewExpression' ? 'new' : 'tag',
        targets: new Set(name === undefined ? [] : byName.get(name)),
        callbacks: new Set(),
        blocks: node.type !== 'NewExpression' && name !== undefined && blocking.has(name) && !local,
        opaque: callee.type === 'MemberExpression' && callee['computed'] === true,
        promise: true,
        other: true,
        nativeAwaits: name !== undefined && calling.has(name),
      }
      if (callee['$fn'] !== undefined) site.targets.add(callee['$fn'] as Fn)
      const args = (node['arguments'] as Node[] | undefined) ?? []
      const now =
        name !== undefined && (name in callbackMethods || calling.has(name) || name === 'from' || name === 'Promise')
      for (const arg of args) {
        for (const given of functionsIn(arg)) (now ? site.callbacks : later).add(given)
      }
      node['$site'] = site
      sites.push(site)
    }
    for (const key in node) {
      if (key.charCodeAt(0) === 36) continue
      const value = node[key] as unknown
      if (Array.isArray(value)) {
        for (const item of value as (Node | null)[])
          if (item !== null && typeof item === 'object' && typeof item.type === 'string') visit(item, fn)
      } else if (value !== null && typeof value === 'object' && typeof (value as Node).type === 'string')
        visit(value as Node, fn)
    }
  }
  visit(program.root, program.functions[0] as Fn)
  const all = new Set(program.functions)
  return {
    sites,
    classes: [],
    escaped: all,
    blockingEscaped: true,
    blockingNames: blocking,
    answersPromise: all,
    later,
    heldByLibrary: new Set(),
    libraryBlocks: false,
    held: () => [],
    memberNames: () => new Map([...all].map((fn) => [fn, new Set([fn.name])])),
    steps: 0,
  }
}
