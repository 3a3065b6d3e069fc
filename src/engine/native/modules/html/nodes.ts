/**
 * The document tree that `k6/html` works on: parse5's result with links to neighbours, so that walking sideways does
 * not cost a search. parse5 is loaded with the first document; a script without HTML pays nothing.
 */
import { createRequire } from 'node:module'
import type { DefaultTreeAdapterTypes } from 'parse5'

export type NodeKind = 'document' | 'doctype' | 'element' | 'text' | 'comment'

export interface Attribute {
  readonly name: string
  readonly value: string
  /** 'xlink', 'xml', 'xmlns' or ''. */
  readonly namespace: string
}

export interface HtmlNode {
  readonly kind: NodeKind
  /** Tag name, text, comment, or name of the doctype. */
  readonly data: string
  /** '', 'svg' or 'math'. */
  readonly namespace: string
  readonly attributes: readonly Attribute[]
  readonly publicId: string
  readonly systemId: string
  parent: HtmlNode | undefined
  first: HtmlNode | undefined
  last: HtmlNode | undefined
  previous: HtmlNode | undefined
  next: HtmlNode | undefined
}

/** @throws TooDeep when more than 512 elements are open at once, where Go's parser gives up, too */
export function parseDocument(text: string): HtmlNode {
  parse5 ??= createRequire(import.meta.url)('parse5') as typeof import('parse5')
  let open = 0
  const treeAdapter = {
    ...parse5.defaultTreeAdapter,
    onItemPush: () => {
      if (++open > maxOpenElements) throw new TooDeep(`html: open stack of elements exceeds ${maxOpenElements} nodes`)
    },
    onItemPop: () => {
      open--
    },
  }
  return link(parse5.parse(text, { treeAdapter }))
}

export class TooDeep extends Error {}

const maxOpenElements = 512

export function attributeOf(node: HtmlNode | undefined, name: string): string | undefined {
  if (node === undefined) return undefined
  for (const attribute of node.attributes) if (attribute.name === name) return attribute.value
  return undefined
}

/** Calls `visit` for the node and everything under it, in document order; without recursion, so depth is no matter. */
export function walk(root: HtmlNode, visit: (node: HtmlNode) => void): void {
  let node: HtmlNode | undefined = root
  while (node !== undefined) {
    visit(node)
    if (node.first !== undefined) {
      node = node.first
      continue
    }
    while (node !== undefined && node !== root && node.next === undefined) node = node.parent
    node = node === undefined || node === root ? undefined : node.next
  }
}

export function textOf(root: HtmlNode): string {
  let text = ''
  walk(root, (node) => {
    if (node.kind === 'text') text += node.data
  })
  return text
}

let parse5: typeof import('parse5') | undefined

type ParsedNode = DefaultTreeAdapterTypes.ChildNode | DefaultTreeAdapterTypes.Document
const noAttributes: readonly Attribute[] = []
const namespaces: Readonly<Record<string, string>> = {
  'http://www.w3.org/2000/svg': 'svg',
  'http://www.w3.org/1998/Math/MathML': 'math',
}

function link(document: DefaultTreeAdapterTypes.Document): HtmlNode {
  const root = toNode(document)
  const pending: [HtmlNode, ParsedNode][] = [[root, document]]
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const [parent, parsed] = entry
    for (const child of childrenOf(parsed)) {
      const node = toNode(child)
      node.parent = parent
      node.previous = parent.last
      if (parent.last === undefined) parent.first = node
      else parent.last.next = node
      parent.last = node
      pending.push([node, child])
    }
  }
  return root
}

function childrenOf(node: ParsedNode): readonly DefaultTreeAdapterTypes.ChildNode[] {
  // Go's parser, which k6 uses, keeps what is in a template as its ordinary children.
  if ('content' in node) return node.content.childNodes
  return 'childNodes' in node ? node.childNodes : []
}

function toNode(node: ParsedNode): HtmlNode {
  switch (node.nodeName) {
    case '#document':
      return newNode('document', '')
    case '#text':
      return newNode('text', (node as DefaultTreeAdapterTypes.TextNode).value)
    case '#comment':
      return newNode('comment', (node as DefaultTreeAdapterTypes.CommentNode).data)
    case '#documentType': {
      const type = node as DefaultTreeAdapterTypes.DocumentType
      return newNode('doctype', type.name, '', noAttributes, type.publicId, type.systemId)
    }
    default: {
      const element = node as DefaultTreeAdapterTypes.Element
      const attributes = element.attrs.map((a) => ({
        // Only foreign elements have prefixed attributes; elsewhere the colon is part of the name.
        name: a.name,
        value: a.value,
        namespace: a.prefix ?? '',
      }))
      return newNode('element', element.tagName, namespaces[element.namespaceURI] ?? '', attributes)
    }
  }
}

function newNode(
  kind: NodeKind,
  data: string,
  namespace = '',
  attributes: readonly Attribute[] = noAttributes,
  publicId = '',
  systemId = '',
): HtmlNode {
  return {
    kind,
    data,
    namespace,
    attributes,
    publicId,
    systemId,
    parent: undefined,
    first: undefined,
    last: undefined,
    previous: undefined,
    next: undefined,
  }
}
