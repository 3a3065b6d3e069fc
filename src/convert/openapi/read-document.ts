/** An OpenAPI document, JSON or YAML, with its references. */
import { brokenInput, tooLarge } from '../errors.js'
import { assertDepth, Json, lineAndColumn, parseJson } from '../input/json.js'

/** A document longer than this takes the YAML parser minutes. */
const MAX_YAML = 32 * 1024 * 1024

export async function readDocument(text: string, name: string): Promise<Json> {
  if (/^\ufeff?\s*\{/.test(text)) return parseJson(text, name)
  if (text.length > MAX_YAML)
    throw tooLarge(`YAML is read up to ${MAX_YAML / 2 ** 20} MiB.`, name, 'convert the document to JSON')
  const { parseDocument } = await import('yaml')
  const document = parseDocument(text, { logLevel: 'silent', uniqueKeys: false })
  const [problem] = document.errors
  if (problem !== undefined)
    throw brokenInput(
      `This is no YAML: ${problem.message.split('\n')[0]?.replace(/ at line.*$/, '') ?? ''}.`,
      `${name}:${lineAndColumn(text, problem.pos[0])}`,
      'mend that line',
      problem,
    )
  let value: unknown
  try {
    // Aliases may stand for aliases: the count bounds what they unfold to.
    value = document.toJS({ maxAliasCount: 100 }) as unknown
  } catch (error) {
    throw tooLarge(
      `The document's aliases cannot be resolved: ${(error as Error).message}.`,
      name,
      'write out what the aliases stand for',
    )
  }
  assertDepth(value, name)
  return new Json(value, name, '')
}

/** Follows `$ref` within the document. */
export class References {
  readonly #root: Json
  /** References that lead out of the document or to nothing. */
  readonly broken: Set<string> = new Set<string>()

  constructor(root: Json) {
    this.#root = root
  }

  /** The thing itself; undefined for a reference to nothing or to itself. */
  resolve(node: Json): Json | undefined {
    let at = node
    for (let hops = 0; hops < 20; hops++) {
      const ref = at.get('$ref').text
      if (ref === undefined) return at
      if (!ref.startsWith('#')) {
        this.broken.add(ref)
        return undefined
      }
      let target = this.#root
      for (const part of ref.slice(1).split('/').slice(1)) {
        const key = decode(part).replaceAll('~1', '/').replaceAll('~0', '~')
        target = Array.isArray(target.value) ? (target.items[Number(key)] ?? target.get('')) : target.get(key)
      }
      if (target.isMissing) {
        this.broken.add(ref)
        return undefined
      }
      at = target
    }
    this.broken.add(at.get('$ref').text ?? '')
    return undefined
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
