/** Module `k6/html`, and the parsing behind `res.html()`. */
import type { VuScope } from '../../types.js'
import { goStringArgument } from '../encoding/go-values.js'
import { parseDocument } from './nodes.js'
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
 */
export function parseHtml(vu: Pick<VuScope, 'realm'>, text: string, url = ''): object {
  const document = parseDocument(text)
  return selectionKit(vu.realm).wrap({ document, nodes: [document], previous: undefined, url })
}
