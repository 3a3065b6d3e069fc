/**
 * `Selection` of `k6/html`: a list of nodes with goquery's methods. Behaviour and texts of errors are k6's, compared
 * with k6 2.2 method by method.
 */
import { types } from 'node:util'
import { isInterruption } from '../../interrupt.js'
import type { Realm } from '../../types.js'
import { consoleKeys } from '../console/format.js'
import {
  goIntArgument,
  goStringArgument,
  goTypeName,
  goTypeSymbol,
  realmArray,
  realmObject,
} from '../encoding/go-values.js'
import { compileSelector, type Matcher } from './css.js'
import { dataOf, type DataValue, namedDataOf } from './data-attributes.js'
import { type ElementKit, elementKit } from './element.js'
import { formValues, serialize } from './form.js'
import { attributeOf, type HtmlNode, textOf } from './nodes.js'
import { renderChildren } from './render.js'
import * as sets from './sets.js'
import type { Nodes } from './sets.js'
import { valueOf, type FormValue } from './values.js'

/** The script's object and what is behind it. */
export interface SelectionState {
  readonly document: HtmlNode
  readonly nodes: Nodes
  readonly previous: SelectionState | undefined
  readonly url: string
}

export interface SelectionKit {
  readonly realm: Realm
  wrap(state: SelectionState): object
  readonly elements: ElementKit
}

/** Classes of one realm, made when its first document is parsed. */
export function selectionKit(realm: Realm): SelectionKit {
  let kit = kits.get(realm)
  if (kit === undefined) {
    kit = makeKit(realm)
    kits.set(realm, kit)
  }
  return kit
}

/** What is behind a script's Selection; undefined for any other value. */
export function selectionState(value: unknown): SelectionState | undefined {
  return typeof value === 'object' && value !== null ? states.get(value) : undefined
}

export function derive(state: SelectionState, nodes: Nodes): SelectionState {
  return { document: state.document, nodes, previous: state, url: state.url }
}

const kits = new WeakMap<Realm, SelectionKit>()
const states = new WeakMap<object, SelectionState>()

type Method = (state: SelectionState, ...args: unknown[]) => unknown

function makeKit(realm: Realm): SelectionKit {
  const make = (prototype: object, state: SelectionState): object => {
    const selection = Object.create(prototype) as { url: string }
    selection.url = state.url
    states.set(selection, state)
    return selection
  }
  const prototype = Object.create(realm.Object.prototype) as object
  const rawPrototype = Object.create(realm.Object.prototype) as object
  const kit: SelectionKit = {
    realm,
    wrap: (state) => make(prototype, state),
    elements: elementKit(realm, (state) => make(prototype, state)),
  }
  const wrapRaw = (state: SelectionState): object => make(rawPrototype, state)
  install(prototype, selectionMethods(kit, wrapRaw))
  // Callbacks of filter, is and not get goquery's own object in k6: the same steps, a few other answers.
  install(rawPrototype, { ...selectionMethods({ ...kit, wrap: wrapRaw }, wrapRaw), ...rawMethods })
  Object.defineProperty(prototype, consoleKeys, { value: ['url', ...Object.keys(prototype)] })
  for (const target of [prototype, rawPrototype])
    Object.defineProperty(target, goTypeSymbol, { value: 'html.Selection' })
  return kit
}

/** Methods are enumerable and in alphabetical order, as a script sees them in k6. */
function install(prototype: object, methods: Readonly<Record<string, Method>>): void {
  for (const name of Object.keys(methods).sort()) {
    const method = methods[name] as Method
    const value = function (this: object, ...args: unknown[]): unknown {
      const state = states.get(this)
      if (state === undefined) throw new TypeError(`${name} was called on something that is no Selection`)
      return method(state, ...args)
    }
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true, enumerable: true })
  }
}

const rawMethods: Readonly<Record<string, Method>> = {
  attr: (s, name) => {
    const value = attributeOf(s.nodes[0], goStringArgument(name))
    return [value ?? '', value !== undefined]
  },
  attrOr: (s, name, otherwise) => attributeOf(s.nodes[0], goStringArgument(name)) ?? goStringArgument(otherwise),
  hasClass: (s, name) =>
    s.nodes.some((n) => (attributeOf(n, 'class') ?? '').split(/[\t\r\n\f ]+/).includes(goStringArgument(name))),
  length: (s) => s.nodes.length,
}

function selectionMethods(kit: SelectionKit, wrapRaw: (state: SelectionState) => object): Record<string, Method> {
  const { realm } = kit
  const goError = (text: string): Error => new realm.GoError(text)
  const push = (s: SelectionState, nodes: Nodes): object => kit.wrap(derive(s, nodes))
  const empty = (s: SelectionState): object => kit.wrap({ ...s, nodes: [], previous: undefined })
  const at = (s: SelectionState, index: number): object => {
    const i = index < 0 ? index + s.nodes.length : index
    return i >= 0 && i < s.nodes.length ? push(s, [s.nodes[i] as HtmlNode]) : empty(s)
  }
  const element = (s: SelectionState, node: HtmlNode | undefined): unknown =>
    node === undefined ? undefined : kit.elements.wrap(derive(s, [node]))
  const inDocument = (s: SelectionState, selector: string): HtmlNode[] =>
    sets.descendants([s.document], compileSelector(selector))

  /** A selector, a Selection or a plain Element; k6 refuses an Element of a known tag. */
  const target = (s: SelectionState, value: unknown): { matches: Matcher; nodes: () => Nodes } => {
    if (typeof value === 'string') {
      const matches = compileSelector(value)
      return { matches, nodes: () => inDocument(s, value) }
    }
    const selection = selectionState(value)
    const nodes = selection?.nodes ?? kit.elements.plainNode(value)
    if (nodes === undefined) throw goError(`invalid argument, cannot use a '${goTypeName(value)}' as a selector`)
    return { matches: sets.oneOf(nodes), nodes: () => nodes }
  }
  const filtered =
    (step: (s: SelectionState) => HtmlNode[]): Method =>
    (s, ...args) => {
      const found = step(s)
      if (args.length === 0) return push(s, found)
      const matches = compileSelector(goStringArgument(args[0]))
      return push(s, found.filter(matches))
    }
  const until =
    (step: (s: SelectionState, stop: Matcher) => HtmlNode[]): Method =>
    (s, ...args) => {
      const [stop, filter] = args
      let matches: Matcher = () => false
      if (typeof stop === 'string') matches = compileSelector(stop)
      else if (stop !== undefined && stop !== null) {
        const selection = selectionState(stop)
        if (selection === undefined) throw goError(`invalid argument, cannot use a '${goTypeName(stop)}' as a selector`)
        matches = sets.oneOf(selection.nodes)
      }
      const found = step(s, matches)
      return push(s, args.length < 2 ? found : found.filter(compileSelector(String(filter))))
    }
  const byFunction =
    (s: SelectionState, fn: (...args: unknown[]) => unknown): ((node: HtmlNode, i: number) => boolean) =>
    (node, i) =>
      Boolean(fn.call(fn, i, wrapRaw(derive(s, [node]))))
  const isFunction = (value: unknown): value is (...args: unknown[]) => unknown => typeof value === 'function'
  const never: Matcher = () => false

  return {
    add: (s, value) => push(s, [...new Set([...s.nodes, ...target(s, value).nodes()])]),
    attr: (s, name, ...otherwise) => attributeOf(s.nodes[0], goStringArgument(name)) ?? otherwise[0],
    children: filtered((s) => sets.children(s.nodes)),
    closest: (s, value) => push(s, sets.closest(s.nodes, target(s, value).matches)),
    contents: (s) => push(s, sets.contents(s.nodes)),
    data: (s, ...args) => {
      const toScript = (value: DataValue): unknown => ('json' in value ? realm.JSON.parse(value.json) : value.value)
      if (args.length > 0) {
        const found = namedDataOf(s.nodes[0], goStringArgument(args[0]))
        return found === undefined ? undefined : toScript(found)
      }
      const all = dataOf(s.nodes[0])
      return all && realmObject(realm, Object.fromEntries(all.map(([name, value]) => [name, toScript(value)])))
    },
    each: (s, fn) => {
      if (!isFunction(fn)) throw goError('the argument to each() must be a function')
      const failed = (error: unknown): unknown =>
        isInterruption(error) ? error : goError(`the function passed to each() failed: ${String(error)}`)
      for (let i = 0; i < s.nodes.length; i++) {
        let result: unknown
        try {
          result = fn.call(fn, i, element(s, s.nodes[i]))
        } catch (error) {
          throw failed(error)
        }
        // A callback that blocks answers a promise: the rest waits for it, and the script waits for the rest.
        if (types.isPromise(result)) {
          const rest = async (): Promise<object> => {
            try {
              await result
              for (let k = i + 1; k < s.nodes.length; k++) await fn.call(fn, k, element(s, s.nodes[k]))
            } catch (error) {
              throw failed(error)
            }
            return kit.wrap(s)
          }
          return realm.Promise.resolve(rest())
        }
      }
      return kit.wrap(s)
    },
    end: (s) => (s.previous === undefined ? empty(s) : kit.wrap(s.previous)),
    eq: (s, index) => at(s, goIntArgument(index)),
    filter: (s, value) => {
      if (isFunction(value)) return push(s, s.nodes.filter(byFunction(s, value)))
      if (typeof value !== 'string' && selectionState(value) === undefined) {
        throw goError('the argument to filter() must be a function, a selector or a selection')
      }
      return push(s, s.nodes.filter(target(s, value).matches))
    },
    find: (s, value) => {
      if (typeof value === 'string') return push(s, sets.descendants(s.nodes, compileSelector(value)))
      const wanted = target(s, value).nodes()
      return push(
        s,
        wanted.filter((node) => s.nodes.some((container) => sets.contains(container, node))),
      )
    },
    first: (s) => at(s, 0),
    get: (s, ...args) => {
      if (args.length === 0)
        return realmArray(
          realm,
          s.nodes.map((node) => element(s, node)),
        )
      const index = goIntArgument(args[0])
      // The first of all cannot be counted from the end: k6 leaves it out.
      if (index >= s.nodes.length || index <= -s.nodes.length) return undefined
      return element(s, s.nodes[index < 0 ? index + s.nodes.length : index])
    },
    has: (s, value) => {
      const wanted = target(s, value).nodes()
      return push(
        s,
        s.nodes.filter((node) => wanted.some((inner) => sets.contains(node, inner))),
      )
    },
    html: (s) => (s.nodes[0] === undefined ? '' : renderChildren(s.nodes[0])),
    index: (s, ...args) => {
      const [first] = s.nodes
      if (args.length === 0) return first === undefined ? -1 : sets.siblingsOn([first], 'previous', never).length
      const [value] = args
      if (typeof value === 'string') return first === undefined ? -1 : inDocument(s, value).indexOf(first)
      const wanted = selectionState(value)?.nodes[0] ?? kit.elements.plainNode(value)?.[0]
      return wanted === undefined ? -1 : s.nodes.indexOf(wanted)
    },
    is: (s, value) => {
      if (isFunction(value)) return s.nodes.filter(byFunction(s, value)).length > 0
      if (typeof value !== 'string' && selectionState(value) === undefined) {
        throw goError('the argument to is() must be a function, a selector or a selection')
      }
      return s.nodes.some(target(s, value).matches)
    },
    last: (s) => at(s, -1),
    map: (s, fn) => {
      if (!isFunction(fn)) throw goError('the argument to map() must be a function')
      const values = new realm.Array() as unknown[]
      s.nodes.forEach((node, i) => {
        try {
          values.push(fn.call(fn, i, push(s, [node])))
        } catch (error) {
          // k6 leaves out what failed.
          if (isInterruption(error)) throw error
        }
      })
      return values
    },
    next: filtered((s) => sets.siblingsOn(s.nodes, 'next', never, 1)),
    nextAll: filtered((s) => sets.siblingsOn(s.nodes, 'next', never)),
    nextUntil: until((s, stop) => sets.siblingsOn(s.nodes, 'next', stop)),
    not: (s, value) => {
      const matches = isFunction(value) ? byFunction(s, value) : target(s, value).matches
      return push(
        s,
        s.nodes.filter((node, i) => !matches(node, i)),
      )
    },
    parent: filtered((s) => sets.parents(s.nodes, never, 1)),
    parents: filtered((s) => sets.parents(s.nodes, never)),
    parentsUntil: until((s, stop) => sets.parents(s.nodes, stop)),
    prev: filtered((s) => sets.siblingsOn(s.nodes, 'previous', never, 1)),
    prevAll: filtered((s) => sets.siblingsOn(s.nodes, 'previous', never)),
    prevUntil: until((s, stop) => sets.siblingsOn(s.nodes, 'previous', stop)),
    serialize: (s) => serialize(formValues(s.nodes)),
    serializeArray: (s) =>
      realmArray(
        realm,
        formValues(s.nodes).map(([name, value]) => realmObject(realm, { name, value: toScriptValue(realm, value) })),
      ),
    serializeObject: (s) =>
      realmObject(
        realm,
        Object.fromEntries(formValues(s.nodes).map(([name, value]) => [name, toScriptValue(realm, value)])),
      ),
    siblings: filtered((s) => sets.siblings(s.nodes)),
    single: (s, selector) =>
      push(s, sets.descendants(s.nodes, compileSelector(goStringArgument(selector))).slice(0, 1)),
    size: (s) => s.nodes.length,
    slice: (s, start, ...end) => {
      const stop = end.length > 0 && goIntArgument(end[0]) < s.nodes.length ? goIntArgument(end[0]) : s.nodes.length
      return push(s, s.nodes.slice(goIntArgument(start), stop))
    },
    text: (s) => s.nodes.map(textOf).join(''),
    toArray: (s) =>
      realmArray(
        realm,
        s.nodes.map((node) => push(s, [node])),
      ),
    val: (s) => toScriptValue(realm, valueOf(s.nodes)),
  }
}

function toScriptValue(realm: Realm, value: FormValue): unknown {
  return Array.isArray(value) ? realmArray(realm, value) : value
}
