/**
 * `Element` of `k6/html`: one node with members like the DOM's, all of them methods. What a tag adds is in
 * `element-kinds.ts`. Behaviour compared with k6 2.2.
 */
import type { Realm } from '../../types.js'
import { consoleKeys } from '../console/format.js'
import { goStringArgument, goTypeSymbol, realmArray, realmObject } from '../encoding/go-values.js'
import { compileSelector } from './css.js'
import { elementKinds, type ElementMethod } from './element-kinds.js'
import { attributeOf, type HtmlNode, textOf } from './nodes.js'
import { renderChildren } from './render.js'
import type { SelectionState } from './selection.js'
import * as sets from './sets.js'

/** What a script's Element stands for. */
export interface ElementState {
  readonly node: HtmlNode
  readonly selection: SelectionState
}

export interface ElementKit {
  readonly realm: Realm
  /** The Element of a selection's first node; undefined for an empty one. */
  wrap(selection: SelectionState): object | undefined
  /** The node of an Element whose tag k6 has no type for: only those may stand for a selector. */
  plainNode(value: unknown): readonly HtmlNode[] | undefined
  one(state: ElementState, node: HtmlNode | undefined): object | undefined
  list(state: ElementState, nodes: sets.Nodes): object[]
}

export function elementKit(realm: Realm, wrapSelection: (state: SelectionState) => object): ElementKit {
  const prototypes = new Map<string, object>()
  const derived = (from: ElementState, node: HtmlNode): SelectionState => ({
    document: from.selection.document,
    nodes: [node],
    previous: from.selection,
    url: from.selection.url,
  })
  const kit: ElementKit = {
    realm,
    wrap: (selection) => {
      const [node] = selection.nodes
      if (node === undefined) return undefined
      const tag = Object.hasOwn(elementKinds, node.data) ? node.data : ''
      let prototype = prototypes.get(tag)
      if (prototype === undefined) {
        prototype = makePrototype(kit, tag, wrapSelection)
        prototypes.set(tag, prototype)
      }
      const element = Object.create(prototype) as object
      states.set(element, { node, selection })
      return element
    },
    plainNode: (value) => {
      const state = elementState(value)
      return state === undefined || Object.hasOwn(elementKinds, state.node.data) ? undefined : [state.node]
    },
    one: (state, node) => (node === undefined ? undefined : kit.wrap(derived(state, node))),
    list: (state, nodes) =>
      realmArray(
        realm,
        nodes.map((node) => kit.wrap(derived(state, node)) as object),
      ),
  }
  return kit
}

export function elementState(value: unknown): ElementState | undefined {
  return typeof value === 'object' && value !== null ? states.get(value) : undefined
}

const states = new WeakMap<object, ElementState>()

function makePrototype(kit: ElementKit, tag: string, wrapSelection: (state: SelectionState) => object): object {
  const kind = tag === '' ? undefined : elementKinds[tag]
  const methods: Record<string, ElementMethod> = { ...baseMethods, ...kind?.methods }
  const prototype = Object.create(kit.realm.Object.prototype) as object
  methods['selection'] = (state) => wrapSelection(state.selection)
  for (const name of Object.keys(methods).sort()) {
    const method = methods[name] as ElementMethod
    const value = function (this: object, ...args: unknown[]): unknown {
      const state = states.get(this)
      if (state === undefined) throw new TypeError(`${name} was called on something that is no Element`)
      return method(state, kit, ...args)
    }
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true, enumerable: true })
  }
  Object.defineProperty(prototype, consoleKeys, { value: Object.keys(prototype) })
  Object.defineProperty(prototype, goTypeSymbol, { value: `html.${kind?.goName ?? 'Element'}` })
  // k6 shows the structs that an element embeds, and nothing else, as JSON.
  const embedded = kind === undefined ? [] : [...(kind.embeds === undefined ? [] : [kind.embeds]), 'element']
  Object.defineProperty(prototype, 'toJSON', {
    value: () =>
      realmObject(
        kit.realm,
        Object.fromEntries(embedded.map((name) => [name, name === 'element' ? {} : { element: {} }])),
      ),
  })
  return prototype
}

const isElement = (node: HtmlNode): boolean => node.kind === 'element'
const nodeNames = { document: '#document', text: '#text', comment: '#comment' } as const
const nodeTypes = { element: 1, text: 3, comment: 8, document: 9, doctype: 10 } as const
const namespaceUris: Readonly<Record<string, string>> = {
  svg: 'http://www.w3.org/2000/svg',
  math: 'http://www.w3.org/1998/Math/MathML',
}
const namespaceUri = (prefix: string): string => namespaceUris[prefix] ?? 'http://www.w3.org/1999/xhtml'

export function nodeName(node: HtmlNode): string {
  return node.kind === 'element' || node.kind === 'doctype' ? node.data : nodeNames[node.kind]
}

const childElements = (node: HtmlNode): HtmlNode[] => sets.children([node])
const found = (state: ElementState, selector: string): HtmlNode[] =>
  sets.descendants([state.node], compileSelector(selector))

function sibling(node: HtmlNode, direction: sets.Direction): HtmlNode | undefined {
  return sets.siblingsOn([node], direction, () => false, 1)[0]
}

function documentOf(node: HtmlNode): HtmlNode | undefined {
  let current: HtmlNode | undefined = node
  while (current !== undefined && current.kind !== 'document') current = current.parent
  return current
}

function attributeObject(kit: ElementKit, state: ElementState, index: number): object {
  const attribute = state.node.attributes[index] as HtmlNode['attributes'][number]
  return realmObject(kit.realm, {
    owner_element: kit.wrap(state.selection),
    name: attribute.name,
    value: attribute.value,
    localName: () => attribute.name,
    namespaceURI: () => namespaceUri(attribute.namespace),
    prefix: () => attribute.namespace,
  })
}

/** The other Element of a comparison: k6 sees only those whose tag it has no type for. */
const other = (kit: ElementKit, value: unknown): HtmlNode | undefined => kit.plainNode(value)?.[0]

const baseMethods: Readonly<Record<string, ElementMethod>> = {
  attributes: (e, kit) =>
    realmObject(
      kit.realm,
      Object.fromEntries(e.node.attributes.map(({ name }, i) => [name, attributeObject(kit, e, i)])),
    ),
  childElementCount: (e) => childElements(e.node).length,
  childNodes: (e, kit) => kit.list(e, sets.contents([e.node])),
  children: (e, kit) => kit.list(e, childElements(e.node)),
  classList: (e, kit) => {
    const value = attributeOf(e.node, 'class')
    return realmArray(kit.realm, value?.match(/\S+/g) ?? [])
  },
  className: (e) => attributeOf(e.node, 'class'),
  contains: (e, kit, value) => {
    const node = other(kit, value)
    return node !== undefined && sets.contains(e.node, node)
  },
  firstChild: (e, kit) => kit.one(e, e.node.first),
  firstElementChild: (e, kit) => kit.one(e, childElements(e.node)[0]),
  getAttribute: (e, _kit, name) => attributeOf(e.node, goStringArgument(name)),
  getAttributeNode: (e, kit, name) => {
    const index = e.node.attributes.findIndex((attribute) => attribute.name === goStringArgument(name))
    return index < 0 ? undefined : attributeObject(kit, e, index)
  },
  getElementsByClassName: (e, kit, name) => kit.list(e, found(e, `.${goStringArgument(name)}`)),
  getElementsByTagName: (e, kit, name) => kit.list(e, found(e, goStringArgument(name))),
  hasAttribute: (e, _kit, name) => attributeOf(e.node, goStringArgument(name)) !== undefined,
  hasAttributes: (e) => e.node.attributes.length > 0,
  hasChildNodes: (e) => e.node.first !== undefined,
  id: (e) => attributeOf(e.node, 'id') ?? '',
  innerHTML: (e) => renderChildren(e.node),
  isDefaultNamespace: (e) => e.node.namespace === '',
  isEqualNode: (e, kit, value) => {
    const node = other(kit, value)
    return node !== undefined && renderChildren(e.node) === renderChildren(node)
  },
  isSameNode: (e, kit, value) => other(kit, value) === e.node,
  lang: (e) => attributeOf(e.node, 'lang'),
  lastChild: (e, kit) => kit.one(e, e.node.last),
  lastElementChild: (e, kit) => kit.one(e, childElements(e.node).at(-1)),
  matches: (e, _kit, selector) => compileSelector(goStringArgument(selector))(e.node),
  namespaceURI: (e) => namespaceUri(e.node.namespace),
  nextElementSibling: (e, kit) => kit.one(e, sibling(e.node, 'next')),
  nextSibling: (e, kit) => kit.one(e, e.node.next),
  nodeName: (e) => nodeName(e.node),
  nodeType: (e) => nodeTypes[e.node.kind],
  nodeValue: (e) => (e.node.kind === 'text' ? e.node.data : e.node.kind === 'comment' ? '' : undefined),
  ownerDocument: (e, kit) => kit.one(e, documentOf(e.node)),
  parentElement: (e, kit) =>
    kit.one(e, e.node.parent !== undefined && isElement(e.node.parent) ? e.node.parent : undefined),
  parentNode: (e, kit) => kit.one(e, e.node.parent),
  previousElementSibling: (e, kit) => kit.one(e, sibling(e.node, 'previous')),
  previousSibling: (e, kit) => kit.one(e, e.node.previous),
  querySelector: (e, kit, selector) => kit.one(e, found(e, goStringArgument(selector))[0]),
  querySelectorAll: (e, kit, selector) => kit.list(e, found(e, goStringArgument(selector))),
  textContent: (e) => textOf(e.node),
  toString: (e: ElementState) => (isElement(e.node) ? '[object html.Node]' : `[object ${nodeName(e.node)}]`),
}
