/** Module `k6/html`, and the parsing behind `res.html()`. */
import type { VuScope } from '../../types.js'
import { goStringArgument } from '../encoding/go-values.js'
import { type HtmlNode, parseDocument, TooDeep } from './nodes.js'
import { selectionKit } from './selection.js'

export { selectionState, type SelectionState } from './selection.js'
export { elementState, type ElementState } from './element.js'

export function createHtmlModule(vu: VuScope): Record<string, unknown> {
  const exports = { parseHTML: (source?: unknown) => parseHtml(vu, goStringArgument(source)) }
  return { default: exports, ...exports }
}

/**
 * Parses a page into the Selection of its document.
 * @param url  of the page: `href()` and its like resolve against it
 * @throws     the realm's GoError for a page nested too deeply
 */
export function parseHtml(vu: Pick<VuScope, 'realm'>, text: string, url = ''): object {
  let document: HtmlNode
  try {
    document = parseDocument(text)
  } catch (error) {
    throw error instanceof TooDeep ? new vu.realm.GoError(error.message) : error
  }
  return selectionKit(vu.realm).wrap({ document, nodes: [document], previous: undefined, url })
}
