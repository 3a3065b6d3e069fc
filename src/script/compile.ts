/** The whole pipeline: bundle, parse, find what may block, write the factory, compose the source maps. */
import { type Fn, type Node, parseScript, type Program, resolveScopes } from './ast.js'
import { blockingTable } from './blocking.js'
import { type Bundle, bundle, isK6, loadError, syntaxError } from './bundle.js'
import { type Colouring, colour, type RefusalReason } from './colour.js'
import { engineK6Hint, scriptError, showPlace, type SourcePlace } from './errors.js'
import { analyseFlow, type FlowResult } from './flow/analyse.js'
import { analyseByName } from './flow/by-name.js'
import { intrinsics } from './flow/natives.js'
import { type Limits, OutOfBudget } from './flow/solver.js'
import type { RemoteOptions } from './remote.js'
import { buildSourceMap, bundledInput, type InputMap, lowerBound, singleFileInput } from './source-map.js'
import { createPositions } from './stack.js'
import { transform } from './transform.js'
import type { CompiledScript, ScriptSource } from './types.js'

export interface CompileOptions extends RemoteOptions {
  /** Bounds of the flow analysis, tried in turn; beyond the last of them names alone decide. */
  readonly limits?: readonly Limits[] | undefined
}

/**
 * The first is enough for every script that a person wrote (some milliseconds); the second, a second at most, for
 * scripts that bundle large libraries, whose results it hardly makes worse (lodash: the same functions at 16 and at 64).
 */
const defaultLimits: readonly Limits[] = [
  { budget: 2_000_000, widenAt: 100 },
  { budget: 25_000_000, widenAt: 16 },
]

/**
 * Compiles a k6 script into the source of a factory.
 * @throws PW_SCRIPT_SYNTAX, PW_SCRIPT_IMPORT_MISSING, PW_SCRIPT_MODULE_UNKNOWN, PW_SCRIPT_REMOTE_IMPORT,
 *   PW_SCRIPT_CANNOT_AWAIT, all with exit code 107, as k6 for a script that does not load
 */
export async function compileScript(source: ScriptSource, options: CompileOptions = {}): Promise<CompiledScript> {
  let loaded = load(source, await bundle(source, options))
  // The short way looks for imports with a pattern; the parsed program knows better.
  if (importsFiles(loaded.root)) loaded = load(source, await bundle(source, options, true))
  const { bundled, input, placeAt } = loaded
  const { program, flow, colouring, warnings } = analyse(loaded, options.limits ?? defaultLimits)
  refuse(colouring, placeAt)
  const done = transform(bundled.code, program, {
    table: blockingTable,
    colouring,
    isModule: !bundled.commonJs,
    urlAt: (offset) => placeAt(offset).url,
    placeAt: (offset) => showPlace(placeAt(offset)),
  })
  for (const module of done.modules) requireModule(source, module, program.root, placeAt)
  const asyncExports: string[] = []
  for (const [name, variable] of done.exports) {
    if (variable === undefined) continue
    const held = flow.held(variable)
    const isAsync = (fn: Fn): boolean => held.includes(fn) || fn.node['$variable'] === variable
    if ([...colouring.madeAsync].some(isAsync)) asyncExports.push(name)
  }
  return finish(source, bundled, input, done, {
    topLevelAwait: colouring.topLevelAwait,
    asyncExports,
    needsOwnRealm: writesBuiltins(program.root),
    warnings: [...bundled.warnings, ...warnings],
  })
}

interface Loaded {
  readonly bundled: Bundle
  readonly input: InputMap
  readonly root: Node
  placeAt(offset: number): SourcePlace
  parse(): Node
  /** Whether a top-level statement comes from a package that knows nothing of k6. */
  isLibrary(statement: Node): boolean
  hasLibraries(): boolean
}

function load(source: ScriptSource, bundled: Bundle): Loaded {
  const input =
    bundled.map === undefined ? singleFileInput(source.url, bundled.code) : bundledInput(bundled.code, bundled.map)
  const placeAt = (offset: number): SourcePlace => {
    const place = input.place(offset)
    if (place === undefined) return { url: source.url, line: 1, column: 1 }
    return { url: input.sources[place.source] ?? source.url, line: place.line + 1, column: place.column + 1 }
  }
  const parseAgain = (): Node => parse(source, bundled, placeAt)
  // esbuild's own text around a module maps to nothing; the first place inside the statement that maps tells its file.
  const isLibrary = (statement: Node): boolean => {
    const { offsets } = input
    if (offsets === undefined) return false
    const first = offsets[lowerBound(offsets, statement.start)]
    if (first === undefined || first >= statement.end) return false
    const text = bundled.code.slice(statement.start, statement.end)
    return (
      placeAt(first).url.includes('/node_modules/') && !/["'`]k6(?:\/[\w/]+)?["'`]/.test(text) && !mentionsK6(statement)
    )
  }
  const hasLibraries = (): boolean => input.sources.some((url) => url.includes('/node_modules/'))
  return { bundled, input, placeAt, root: parseAgain(), parse: parseAgain, isLibrary, hasLibraries }
}

function mentionsK6(node: Node): boolean {
  if (node.type === 'Identifier') return node['$var']?.imported !== undefined
  for (const key in node) {
    if (key.charCodeAt(0) === 36) continue
    const value = node[key] as unknown
    if (value === null || typeof value !== 'object') continue
    for (const item of (Array.isArray(value) ? value : [value]) as (Node | null)[]) {
      if (item !== null && typeof item === 'object' && typeof item.type === 'string' && mentionsK6(item)) return true
    }
  }
  return false
}

function importsFiles(root: Node): boolean {
  return (root['body'] as Node[]).some((statement) => statement['source'] && !isK6(statement['source'].value))
}

function finish(
  source: ScriptSource,
  bundled: Bundle,
  input: InputMap,
  done: ReturnType<typeof transform>,
  rest: Pick<CompiledScript, 'topLevelAwait' | 'asyncExports' | 'needsOwnRealm' | 'warnings'>,
): CompiledScript {
  const sourceMap = JSON.stringify(buildSourceMap(done.code, done.pieces, input, bundled.code, source.url))
  let positions: ReturnType<typeof createPositions> | undefined
  return {
    ...rest,
    code: `${done.code}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(sourceMap).toString('base64')}`,
    filename: source.url,
    sourceMap,
    modules: done.modules,
    sources: bundled.sources,
    originalPosition: (line, column) => (positions ??= createPositions(sourceMap))(line, column),
  }
}

function parse(source: ScriptSource, bundled: Bundle, placeAt: (offset: number) => SourcePlace): Node {
  try {
    return parseScript(bundled.code, bundled.commonJs ? 'script' : 'module')
  } catch (error) {
    const { pos, message } = error as { pos?: number; message: string }
    if (pos === undefined) throw error
    const at = placeAt(pos)
    throw syntaxError(source, at.url, at.line, at.column, message.replace(/ \(\d+:\d+\)$/, ''))
  }
}

interface Analysed {
  readonly program: Program
  readonly flow: FlowResult
  readonly colouring: Colouring
  readonly warnings: readonly string[]
}

function analyse(loaded: Loaded, limits: readonly Limits[]): Analysed {
  // Each attempt leaves its marks on the tree, so the next one needs a tree of its own.
  let root: Node | undefined = loaded.root
  const attempt = (flowOf: (program: Program) => FlowResult, warnings: string[] = []): Analysed | undefined => {
    const program = resolveScopes(root ?? loaded.parse())
    root = undefined
    try {
      const flow = flowOf(program)
      return { program, flow, colouring: colour(program, flow), warnings }
    } catch (error) {
      if (error instanceof OutOfBudget) return undefined
      throw error
    }
  }
  // Packages that know nothing of k6 need no look inside, unless the script gives them something that blocks.
  const ownCode = loaded.hasLibraries()
    ? attempt((program) => analyseFlow(program, blockingTable, limits[0] as Limits, loaded.isLibrary))
    : undefined
  if (ownCode?.colouring.refusals.some(({ reason }) => reason === 'library') === false) return ownCode
  for (const one of limits) {
    const whole = attempt((program) => analyseFlow(program, blockingTable, one))
    if (whole !== undefined) return whole
  }
  if (ownCode !== undefined) return ownCode
  const warning =
    'the script is too large for an exact analysis: more of its functions than necessary run asynchronously'
  return attempt((program) => analyseByName(program, blockingTable), [warning]) as Analysed
}

const reasons: Readonly<Record<RefusalReason, string>> = {
  constructor: 'it is in a constructor, which cannot wait',
  getter: 'it is in a getter, which cannot wait',
  setter: 'it is in a setter, which cannot wait',
  generator: 'it is in a generator, which cannot wait',
  field: 'it is in the initial value of a class member, which cannot wait',
  iterator: 'JavaScript itself drives this iteration, and cannot wait',
  library: 'a bundled library that is too large to be analysed calls it, and would not wait',
  coercion: 'JavaScript itself calls toString, valueOf and toJSON, and cannot wait',
}

function refuse(colouring: Colouring, placeAt: (offset: number) => SourcePlace): void {
  const refusal = colouring.refusals[0]
  if (refusal === undefined) return
  throw scriptError(
    'PW_SCRIPT_CANNOT_AWAIT',
    `This may make a blocking call, but ${reasons[refusal.reason]}.`,
    placeAt(refusal.node.start),
    `move the blocking call out of it, ${engineK6Hint}`,
  )
}

/** Modules of k6 2.2, and what perfwright adds; anything else under `k6/` is an extension. Whether the native engine has one is its own to say. */
const k6Modules: ReadonlySet<string> = new Set([
  'k6',
  'k6/http',
  'k6/metrics',
  'k6/execution',
  'k6/data',
  'k6/encoding',
  'k6/crypto',
  'k6/crypto/x509',
  'k6/html',
  'k6/timers',
  'k6/ws',
  'k6/websockets',
  'k6/net/grpc',
  'k6/browser',
  'k6/secrets',
  'k6/experimental/csv',
  'k6/experimental/fs',
  'k6/experimental/redis',
  'k6/experimental/streams',
  'k6/experimental/websockets',
  'k6/experimental/timers',
  'k6/experimental/webcrypto',
  'k6/experimental/grpc',
  'k6/experimental/browser',
  'k6/experimental/tracing',
  // Of perfwright: an extension of k6's rebuilt, and APIs of its own.
  'k6/x/sse',
  'perfwright/streaming',
  'perfwright/connections',
])

function requireModule(
  source: ScriptSource,
  module: string,
  root: Node,
  placeAt: (offset: number) => SourcePlace,
): void {
  // The second are the packages inside our own jslib modules (src/script/jslib).
  if (k6Modules.has(module) || module.startsWith('k6/jslib/')) return
  const node = (root['body'] as Node[]).find(
    (statement) => (statement['source'] as Node | undefined)?.['value'] === module,
  )
  const why = module.startsWith('k6/x/') ? 'the native engine has no k6 extensions' : 'k6 has no module of this name'
  throw loadError(
    source,
    'PW_SCRIPT_MODULE_UNKNOWN',
    `unknown module: ${module}: ${why}`,
    node === undefined ? undefined : placeAt(node.start),
    'run with --engine k6, with a k6 that has it',
  )
}

/** Whether the text assigns to a built-in object or prototype, or defines a property on one. */
function writesBuiltins(root: Node): boolean {
  const isBuiltin = (node: Node): boolean => {
    let at = node
    while (at.type === 'MemberExpression') at = at['object']
    return at.type === 'Identifier' && at['$free'] === true && intrinsics.has(at['name'])
  }
  const visit = (node: Node): boolean => {
    if (node.type === 'AssignmentExpression' && node['left'].type === 'MemberExpression' && isBuiltin(node['left']))
      return true
    if (node.type === 'CallExpression' && node['callee'].type === 'MemberExpression') {
      const { object, property } = node['callee'] as { object: Node; property: Node }
      const how = `${object['name']}.${property['name']}`
      const first = node['arguments'][0] as Node | undefined
      if (
        /^(?:Object\.(?:defineProperty|defineProperties|assign)|Reflect\.(?:set|defineProperty))$/.test(how) &&
        first !== undefined &&
        isBuiltin(first)
      ) {
        return true
      }
    }
    for (const key in node) {
      if (key.charCodeAt(0) === 36) continue
      const value = node[key] as unknown
      if (value === null || typeof value !== 'object') continue
      for (const item of (Array.isArray(value) ? value : [value]) as (Node | null)[]) {
        if (item !== null && typeof item === 'object' && typeof item.type === 'string' && visit(item)) return true
      }
    }
    return false
  }
  return visit(root)
}
