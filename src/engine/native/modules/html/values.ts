/** What `val()` answers for the controls of a form: k6's rules, which differ from a browser's. */
import { compileSelector } from './css.js'
import { attributeOf, type HtmlNode } from './nodes.js'
import { renderChildren } from './render.js'
import { descendants, type Nodes } from './sets.js'

export type FormValue = string | readonly string[] | undefined

export function valueOf(nodes: Nodes): FormValue {
  const [node] = nodes
  if (node?.kind !== 'element') return undefined
  switch (node.data) {
    case 'input':
      return attributeOf(node, 'value') ?? (/^(?:radio|checkbox)$/.test(attributeOf(node, 'type') ?? '') ? 'on' : '')
    case 'button':
      return attributeOf(node, 'value') ?? ''
    case 'textarea':
      // The markup, not the text: k6 leaves entities escaped.
      return renderChildren(node)
    case 'option':
      return valueOrHtml(node)
    case 'select': {
      const selected = descendants([node], compileSelector('option[selected]'))
      return attributeOf(node, 'multiple') === undefined ? valueOrHtml(selected[0]) : selected.map(valueOrHtml)
    }
    default:
      return undefined
  }
}

export function valueOrHtml(node: HtmlNode | undefined): string {
  return node === undefined ? '' : (attributeOf(node, 'value') ?? renderChildren(node))
}
