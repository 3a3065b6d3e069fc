/** Stack traces in the person's own lines, in the words and the layout in which k6 prints them. */
import { createRequire } from 'node:module'
import type { TraceMap } from '@jridgewell/trace-mapping'
import type { OriginalPosition } from './types.js'

export interface StackMapper {
  /** k6's text of something thrown: `Error: boom\n\tat deep (file:///x/s.js:5:9)\n`, with a newline at the end. */
  describe(error: unknown): string
  /** The innermost frame of the script, `default (file:///x.js:4:150)`. */
  where(error: unknown): string | undefined
}

/**
 * @param filename  under which the factory was evaluated
 * @param sourceMapJson  `CompiledScript.sourceMap`; read when the first error comes
 */
export function createStackMapper(filename: string, sourceMapJson: string): StackMapper {
  let map: TraceMap | undefined
  const place = (frame: Frame): Place | undefined => {
    if (sourceMapJson === '') return { url: filename, line: frame.line, column: frame.column }
    const { TraceMap, originalPositionFor, sourceContentFor } = tracing()
    map ??= new TraceMap(sourceMapJson)
    const found = originalPositionFor(map, { line: frame.line, column: frame.column - 1 })
    if (found.source === null) return undefined
    const text = sourceContentFor(map, found.source)?.split('\n', found.line)[found.line - 1]?.slice(found.column) ?? ''
    // k6 places a call at its parenthesis, V8 at the name before it, or at the `await` of a frame that waits.
    const call = (frame.waiting ? /^(?:await\s+[\w$.]*)?[\s)?.]*\(/ : /^[\w$]+\s*\(/).exec(text)
    return { url: found.source, line: found.line, column: found.column + (call === null ? 1 : call[0].length) }
  }
  const frames = (error: unknown): string[] => {
    const stack = (typeof error === 'object' && error !== null ? readStack(error) : undefined) ?? thrownStack(error)
    if (stack === undefined) return []
    const result: string[] = []
    for (const line of stack.split('\n')) {
      const frame = parseFrame(line)
      if (frame === undefined) continue
      if (frame.url === undefined) {
        // k6 shows natives between the script's own frames; engine and Node frames are nobody's business.
        if (result.length > 0) result.push(`${frame.name} (native)`)
        continue
      }
      if (frame.url !== filename) continue
      const at = place(frame)
      if (at === undefined) continue
      const where = `${at.url}:${at.line}:${at.column}`
      result.push(frame.name === '' ? where : `${frame.name} (${where})`)
    }
    while (result[result.length - 1]?.endsWith(' (native)') === true) result.pop()
    return result
  }
  return {
    describe: (error) => {
      const at = frames(error)
      return `${title(error)}\n${at.map((frame) => `\tat ${frame}\n`).join('')}`
    },
    where: (error) => frames(error).find((frame) => !frame.endsWith(' (native)')),
  }
}

// What was thrown last and is no error, and where.
let lastThrown: { readonly value: unknown; readonly at: Error } | undefined

/** For `ScriptHost.thrown`. */
export function noteThrown(value: unknown, at: Error): void {
  lastThrown = { value, at }
}

function thrownStack(error: unknown): string | undefined {
  return lastThrown !== undefined && Object.is(lastThrown.value, error) ? lastThrown.at.stack : undefined
}

// Loaded when the first error comes: most runs have none, and every worker would pay for it.
let loaded: typeof import('@jridgewell/trace-mapping') | undefined
function tracing(): typeof import('@jridgewell/trace-mapping') {
  loaded ??= createRequire(import.meta.url)('@jridgewell/trace-mapping') as typeof import('@jridgewell/trace-mapping')
  return loaded
}

interface Place {
  readonly url: string
  readonly line: number
  readonly column: number
}

interface Frame {
  readonly name: string
  readonly url: string | undefined
  readonly line: number
  readonly column: number
  readonly waiting: boolean
}

// V8: "    at [async] [new] [Type.]name [as alias] (url:line:column)" or "    at [async] url:line:column".
const framePattern = /^\s+at (async )?(?:(.*?) \((.*)\)|(.*))$/

function parseFrame(line: string): Frame | undefined {
  const match = framePattern.exec(line)
  if (match === null) return undefined
  const where = match[3] ?? match[4] ?? ''
  const name = plainName(match[2] ?? '')
  if (where === '<anonymous>')
    return name === '' ? undefined : { name, url: undefined, line: 0, column: 0, waiting: false }
  const position = /^(.*):(\d+):(\d+)$/.exec(where)
  if (position === null) return undefined
  return {
    name,
    url: position[1],
    line: Number(position[2]),
    column: Number(position[3]),
    waiting: match[1] !== undefined,
  }
}

// "new Foo" -> Foo, "Object.default" -> default, "Foo.bar [as baz]" -> bar, as goja names frames by function alone.
function plainName(text: string): string {
  let name = text.replace(/^new /, '').replace(/ \[as [^\]]*\]$/, '')
  name = name.slice(name.lastIndexOf('.') + 1)
  // The compiler's name for an anonymous default export.
  // The bundler names that of another file after the file.
  if (name === '$default' || /^\w+_default$/.test(name)) return 'default'
  return name === '<anonymous>' || name === 'eval' ? '' : name
}

function readStack(error: object): string | undefined {
  try {
    const { stack } = error as { stack?: unknown }
    return typeof stack === 'string' ? stack : undefined
  } catch {
    return undefined
  }
}

// A script's object may throw from any of its members.
function title(error: unknown): string {
  try {
    return String(error)
  } catch {
    return '[object Object]'
  }
}

/** A function from a place in the compiled code to the person's own, both counted from 1. */
export function createPositions(sourceMapJson: string): (line: number, column: number) => OriginalPosition | undefined {
  const { TraceMap, originalPositionFor } = tracing()
  const map = new TraceMap(sourceMapJson)
  return (line, column) => {
    const found = originalPositionFor(map, { line, column: column - 1 })
    if (found.source === null) return undefined
    return { url: found.source, line: found.line, column: found.column + 1, name: found.name ?? undefined }
  }
}
