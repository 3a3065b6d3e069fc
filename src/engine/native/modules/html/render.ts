/**
 * HTML text of a tree as Go's html.Render writes it, which is what k6's `html()` answers: quotes are escaped in text,
 * void elements end in '/>'. Compared with k6 2.2 output.
 */
import { type HtmlNode, walk } from './nodes.js'

/** HTML of what is inside a node. */
export function renderChildren(node: HtmlNode): string {
  let text = ''
  for (let child = node.first; child !== undefined; child = child.next) text += render(child)
  return text
}

function render(root: HtmlNode): string {
  const parts: string[] = []
  let inPlaintext: HtmlNode | undefined
  // Elements whose end tag is still to come; closed when the walk has left them.
  const open: HtmlNode[] = []
  const closeUntil = (parent: HtmlNode | undefined): void => {
    for (let last = open.at(-1); last !== undefined && last !== parent; last = open.at(-1)) {
      parts.push(`</${last.data}>`)
      open.pop()
    }
  }
  walk(root, (node) => {
    // Everything after <plaintext> is its content, so Go writes nothing behind it, not even end tags.
    if (inPlaintext !== undefined && node.parent !== inPlaintext) return
    closeUntil(node === root ? undefined : node.parent)
    switch (node.kind) {
      case 'text':
        // A text that is asked for by itself is escaped even if its parent's is not: k6 renders child by child.
        parts.push(node !== root && isRaw(node.parent) ? node.data : escape(node.data))
        break
      case 'comment':
        parts.push(`<!--${escapeComment(node.data)}-->`)
        break
      case 'doctype':
        parts.push(doctype(node))
        break
      case 'element':
        parts.push(startTag(node))
        if (node.data === 'plaintext') inPlaintext = node
        if (!voidElements.has(node.data)) open.push(node)
        break
      case 'document':
        break
    }
  })
  if (inPlaintext === undefined) closeUntil(undefined)
  return parts.join('')
}

const voidElements: ReadonlySet<string> = new Set(
  'area base br col embed hr img input keygen link meta param source track wbr'.split(' '),
)
const rawElements: ReadonlySet<string> = new Set(
  'iframe noembed noframes noscript plaintext script style xmp'.split(' '),
)

function isRaw(parent: HtmlNode | undefined): boolean {
  return parent?.kind === 'element' && rawElements.has(parent.data)
}

function startTag(node: HtmlNode): string {
  let text = `<${node.data}`
  for (const { name, value, namespace } of node.attributes) {
    text += ` ${namespace === '' ? '' : `${namespace}:`}${name}="${escape(value)}"`
  }
  if (voidElements.has(node.data)) return `${text}/>`
  // The parser drops a line end right after these tags, so one that is content needs another before it.
  const first = node.first
  const needsLine =
    first?.kind === 'text' && first.data.startsWith('\n') && /^(?:pre|listing|textarea)$/.test(node.data)
  return needsLine ? `${text}>\n` : `${text}>`
}

function doctype(node: HtmlNode): string {
  const quoted = (id: string): string => (id.includes('"') ? `'${id}'` : `"${id}"`)
  if (node.publicId !== '') {
    const system = node.systemId === '' ? '' : ` ${quoted(node.systemId)}`
    return `<!DOCTYPE ${node.data} PUBLIC ${quoted(node.publicId)}${system}>`
  }
  return node.systemId === '' ? `<!DOCTYPE ${node.data}>` : `<!DOCTYPE ${node.data} SYSTEM ${quoted(node.systemId)}>`
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  "'": '&#39;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  '\r': '&#13;',
}

function escape(text: string): string {
  return /[&'<>"\r]/.test(text) ? text.replace(/[&'<>"\r]/g, (character) => escapes[character] as string) : text
}

// '&' always, '>' only where it could end the comment: at its start, after '-', '--' or '!'.
function escapeComment(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/(^|-|!)>/g, '$1&gt;')
}
