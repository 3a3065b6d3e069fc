/** Where in the target's code a statement stands: its fixed words, looked for in the files of its folder. */
import type { SourceFiles } from './detect.js'

export interface CallSite {
  readonly file: string
  readonly line: number
  readonly function: string | undefined
}

const MAX_FILES = 2_000
const sources = /\.(m?[jt]sx?|c[jt]s|py|go|rb|java|kt|php|rs|cs|sql)$/
const passedOver = /^(node_modules|vendor|dist|build|target|venv|__pycache__|\..*|test|tests|spec)$/

/** The file and line that hold most of the statement's fixed text; undefined where two hold it alike or none does. */
export function callSiteOf(sql: string, dir: string | undefined, files: SourceFiles): CallSite | undefined {
  if (dir === undefined) return undefined
  const pieces = fixedPieces(sql)
  if (pieces.length === 0) return undefined
  const found: CallSite[] = []
  for (const path of walk(dir, files)) {
    const text = files.read(path)
    if (text === undefined) continue
    const { flat, offsets } = flattened(text)
    const at = flat.indexOf(pieces[0] as string)
    if (at < 0 || !pieces.every((piece) => flat.includes(piece))) continue
    const offset = offsets[at] as number
    const line = text.slice(0, offset).split('\n').length
    found.push({ file: path.slice(dir.length + 1), line, function: functionBefore(text.slice(0, offset)) })
    if (found.length > 1) return undefined
  }
  return found[0]
}

/** The first places that match, with what the first group holds; for words that stand for a way of doing things. */
export function findInSource(
  pattern: RegExp,
  dir: string | undefined,
  files: SourceFiles,
  most: number,
): (CallSite & { readonly text: string })[] {
  const found: (CallSite & { readonly text: string })[] = []
  if (dir === undefined) return found
  for (const path of walk(dir, files)) {
    const text = files.read(path) ?? ''
    // What stands in an import is no call.
    for (const match of text.matchAll(new RegExp(pattern, 'g'))) {
      const before = text.slice(0, match.index)
      found.push({
        file: path.slice(dir.length + 1),
        line: before.split('\n').length,
        function: functionBefore(before),
        text: match[1] ?? match[0],
      })
      if (found.length >= most) return found
    }
  }
  return found
}

/** Text between the places of values, longest first; short ones are in every file. */
function fixedPieces(sql: string): string[] {
  return sql
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .split(/\$\d+|\?|'(?:[^']|'')*'|(?<![\w$])\d+(?:\.\d+)?/)
    .map((piece) => piece.trim())
    .filter((piece) => piece.length >= 12)
    .sort((a, b) => b.length - a.length)
}

/** White space and the joints of strings over several lines as one space, with the place of each character. */
function flattened(text: string): { readonly flat: string; readonly offsets: readonly number[] } {
  let flat = ''
  const offsets: number[] = []
  for (const match of text.matchAll(/["'`]?\s*\n\s*["'`+]*\s*|\s+|./gs)) {
    const piece = /^\s|\n/.test(match[0]) ? ' ' : match[0].toLowerCase()
    if (piece === ' ' && flat.endsWith(' ')) continue
    flat += piece
    offsets.push(match.index)
  }
  return { flat, offsets }
}

function functionBefore(text: string): string | undefined {
  const names = text.matchAll(
    /(?:function\*?\s+(\w+)|(?:const|let)\s+(\w+)\s*=\s*(?:async\s*)?(?:\([^)]*\)|\w+)\s*=>|def\s+(\w+)|func\s+(?:\([^)]*\)\s*)?(\w+))/g,
  )
  const last = [...names].at(-1)
  return last?.slice(1).find((name) => name !== undefined)
}

function* walk(dir: string, files: SourceFiles, seen = { count: 0 }): Generator<string> {
  for (const name of files.list(dir) ?? []) {
    if (passedOver.test(name) || seen.count > MAX_FILES) continue
    const path = `${dir}/${name}`
    if (sources.test(name)) {
      seen.count++
      if (!/\.test\.|\.spec\.|_test\./.test(name)) yield path
    } else if (!name.includes('.')) yield* walk(path, files, seen)
  }
}
