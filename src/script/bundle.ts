/**
 * One program from the entry and everything it imports. A plain script whose imports are all k6's own needs no bundler,
 * and starting one costs more than compiling such a script.
 */
import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as Esbuild from 'esbuild'
import { engineK6Hint, scriptError, type SourcePlace } from './errors.js'
import type { RemoteOptions } from './remote.js'
import type { ScriptSource } from './types.js'

export interface Bundle {
  readonly code: string
  /** From `code` to the person's files; undefined when `code` is the entry itself. */
  readonly map: string | undefined
  readonly commonJs: boolean
  readonly sources: readonly { readonly url: string; readonly contents: string }[]
  readonly warnings: readonly string[]
}

/** @param whole  bundle even what seems to import nothing: the text has shown that it does */
export async function bundle(source: ScriptSource, options: RemoteOptions, whole = false): Promise<Bundle> {
  const typescript = /\.[cm]?tsx?$/.test(source.url)
  const imports = importedSpecifiers(source.contents)
  if (!whole && imports.every((one) => isK6(one.specifier))) {
    const commonJs = !typescript && isCommonJs(source.contents)
    const sources = [source]
    if (!typescript) return { code: source.contents, map: undefined, commonJs, sources, warnings: [] }
    const { transform } = await import('esbuild')
    try {
      const done = await transform(source.contents, {
        loader: source.url.endsWith('x') ? 'tsx' : 'ts',
        sourcemap: true,
        sourcefile: source.url,
        target: 'esnext',
        logLevel: 'silent',
      })
      return { code: done.code, map: done.map, commonJs: isCommonJs(done.code), sources, warnings: [] }
    } catch (error) {
      throw buildError(error as Esbuild.BuildFailure, source, () => undefined)
    }
  }
  return bundleAll(source, options)
}

/** Specifiers in the text; comments and strings that look like imports do no harm, they only cost the short way. */
function importedSpecifiers(text: string): { readonly specifier: string }[] {
  const found: { specifier: string }[] = []
  const pattern =
    /(?:\bimport\s*(?:[\w$*{}\s,]+?\s*\bfrom\s*)?|\bexport\s*(?:\*(?:\s*as\s+[\w$]+)?|\{[^}]*\})\s*from\s*|\b(?:require|import)\s*\(\s*)(['"`])((?:(?!\1)[^\n])+)\1/g
  for (const match of text.matchAll(pattern)) found.push({ specifier: match[2] as string })
  return found
}

function isCommonJs(text: string): boolean {
  return (
    !/^\s*(?:import\b\s*[\w$*{'"]|export\b)/m.test(text) &&
    !/[;}]\s*export\s*(?:default|const|let|var|function|async|class|\{)/.test(text) &&
    /\b(?:exports\b|require\s*\()/.test(text)
  )
}

/** Asked of the engine, never bundled. */
export function isK6(specifier: string): boolean {
  return specifier === 'k6' || specifier.startsWith('k6/') || specifier.startsWith('perfwright/')
}

const loaders: Readonly<Record<string, Esbuild.Loader>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.jsx': 'jsx',
  '.json': 'json',
}

async function bundleAll(source: ScriptSource, options: RemoteOptions): Promise<Bundle> {
  const { build } = await import('esbuild')
  const commonJs = !/\.[cm]?tsx?$/.test(source.url) && isCommonJs(source.contents)
  const { remoteModules } = await import('./remote.js')
  const remote = remoteModules(options)
  const files = new Map<string, string>([[source.url, source.contents]])
  const entryPath = fileURLToPath(source.url)
  const plugin: Esbuild.Plugin = {
    name: 'script',
    setup(on) {
      on.onResolve({ filter: /.*/ }, async (args) => {
        if (args.kind === 'entry-point') return { path: source.url, namespace: 'entry' }
        const specifier = args.path
        if (isK6(specifier)) return { path: specifier, external: true }
        if (/^https?:\/\//.test(specifier)) return { path: specifier, namespace: 'remote' }
        if (args.namespace === 'remote') {
          if (/^(?:\.{0,2}\/)/.test(specifier))
            return { path: new URL(specifier, args.importer).href, namespace: 'remote' }
          return { errors: [{ text: notRecognised(specifier) }] }
        }
        if (builtinModules.includes(specifier) || specifier.startsWith('node:')) {
          return { errors: [{ text: notRecognised(specifier), detail: 'builtin' }] }
        }
        if (args.pluginData === 'inner') return undefined
        const path = specifier.startsWith('file://') ? fileURLToPath(specifier) : specifier
        const found = await on.resolve(path, {
          kind: args.kind,
          resolveDir: args.resolveDir === '' ? dirname(entryPath) : args.resolveDir,
          importer: args.importer,
          pluginData: 'inner',
        })
        if (found.errors.length === 0)
          return found.namespace === 'file' ? { path: found.path, sideEffects: found.sideEffects } : found
        const local = /^(?:\.{0,2}\/)/.test(path)
        return {
          errors: [
            { text: local ? notFound(specifier) : notRecognised(specifier), detail: local ? 'missing' : 'unknown' },
          ],
        }
      })
      on.onLoad({ filter: /.*/, namespace: 'entry' }, () => ({
        contents: source.contents,
        loader: loaders[extname(entryPath)] ?? 'js',
        resolveDir: dirname(entryPath),
      }))
      on.onLoad({ filter: /.*/, namespace: 'file' }, (args) => {
        const contents = readFileSync(args.path, 'utf8')
        files.set(pathToFileURL(args.path).href, contents)
        const loader = loaders[extname(args.path)]
        return { contents, loader: loader ?? 'js', resolveDir: dirname(args.path) }
      })
      on.onLoad({ filter: /.*/, namespace: 'remote' }, async (args) => {
        const contents = await remote.load(args.path)
        files.set(args.path, contents)
        return {
          contents,
          loader: loaders[extname(new URL(args.path).pathname)] ?? 'js',
          resolveDir: dirname(entryPath),
        }
      })
    },
  }
  let result: Esbuild.BuildResult<{ write: false }>
  try {
    result = await build({
      entryPoints: [source.url],
      bundle: true,
      write: false,
      // A CommonJS entry decides its exports when it runs; as an ES module it would have a default export alone.
      format: commonJs ? 'cjs' : 'esm',
      platform: 'neutral',
      target: 'esnext',
      sourcemap: 'external',
      outfile: 'bundle.js',
      mainFields: ['browser', 'module', 'main'],
      conditions: ['import', 'browser', 'module', 'default'],
      logLevel: 'silent',
      treeShaking: true,
      keepNames: false,
      legalComments: 'none',
      absWorkingDir: dirname(entryPath),
      plugins: [plugin],
      define: { 'process.env.NODE_ENV': '"production"' },
    })
  } catch (error) {
    throw buildError(error as Esbuild.BuildFailure, source, (file) => urlOf(file, dirname(entryPath), source.url))
  }
  const code = result.outputFiles.find((file) => file.path.endsWith('.js'))?.text ?? ''
  const map = JSON.parse(result.outputFiles.find((file) => file.path.endsWith('.map'))?.text ?? '{}') as {
    sources: string[]
  }
  map.sources = map.sources.map((file) => urlOf(file, dirname(entryPath), source.url))
  return {
    code,
    map: JSON.stringify(map),
    commonJs,
    sources: [...files].map(([url, contents]) => ({ url, contents })),
    warnings: [],
  }
}

// esbuild names sources `namespace:path`, or by a path relative to the output.
function urlOf(file: string, folder: string, entry: string): string {
  if (file.startsWith('entry:')) return entry
  if (file.startsWith('remote:')) return file.slice('remote:'.length)
  return pathToFileURL(file.startsWith('/') ? file : `${folder}/${file}`).href
}

function notFound(specifier: string): string {
  return `The moduleSpecifier "${specifier}" couldn't be found on local disk. Make sure that you've specified the right path to the file. If you're running k6 using the Docker image make sure you have mounted the local directory (-v /local/path/:/inside/docker/path) containing your script and modules so that they're accessible by k6 from inside of the container, see https://grafana.com/docs/k6/latest/using-k6/modules/#use-modules-with-docker.`
}

function notRecognised(specifier: string): string {
  return `The moduleSpecifier "${specifier}" couldn't be recognised as something k6 supports.`
}

function buildError(
  failure: Esbuild.BuildFailure,
  source: ScriptSource,
  urlOfFile: (file: string) => string | undefined,
): Error {
  const first = failure.errors?.[0]
  if (first === undefined) return failure
  if (first.detail instanceof Error) return first.detail
  const location = first.location
  const url = (location === null ? undefined : urlOfFile(location.file)) ?? source.url
  const place: SourcePlace | undefined =
    location === null ? undefined : { url, line: location.line, column: location.column + 1 }
  const kind = first.detail as string | undefined
  if (kind === 'missing') return loadError(source, 'PW_SCRIPT_IMPORT_MISSING', first.text, place, 'correct the path')
  if (kind === 'builtin') {
    return loadError(
      source,
      'PW_SCRIPT_MODULE_UNKNOWN',
      first.text,
      place,
      "k6 scripts have none of Node's own modules; use a k6 module or bundle a replacement",
    )
  }
  if (kind === 'unknown')
    return loadError(
      source,
      'PW_SCRIPT_MODULE_UNKNOWN',
      first.text,
      place,
      `install it with npm beside the script, ${engineK6Hint}`,
    )
  return syntaxError(source, url, place?.line ?? 1, place?.column ?? 1, first.text)
}

/** A script that does not load, in k6's words. */
export function loadError(
  source: ScriptSource,
  code: string,
  message: string,
  place: SourcePlace | undefined,
  fix: string,
): Error {
  return scriptError(code, `${loadPrefix(source)}${message}`, place, fix)
}

export function syntaxError(source: ScriptSource, url: string, line: number, column: number, message: string): Error {
  return scriptError(
    'PW_SCRIPT_SYNTAX',
    `${loadPrefix(source)}${url}: Line ${line}:${column} ${message}`,
    { url, line, column },
    'correct the syntax',
  )
}

function loadPrefix(source: ScriptSource): string {
  const name = source.url.slice(source.url.lastIndexOf('/') + 1)
  return `could not initialize '${name}': could not load JS test '${source.url}': `
}
