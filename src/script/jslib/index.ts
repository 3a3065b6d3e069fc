/**
 * The libraries of jslib.k6.io without the network. One module here serves all versions of a library, where they do not
 * contradict each other.
 *
 * Two kinds of code. `modules/` are of our own and are compiled together with the script, because they call the script's
 * functions and k6's. `packages/` are bundles of the npm packages that jslib's own are built from: they never block, so
 * they stay out of the analysis (of which chai takes ten seconds) and are evaluated as they are, as modules `k6/jslib/...`
 * of the engine.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '#base/package-root.js'

export interface JslibSource {
  /** An ES module that imports nothing but k6's own modules and `k6/jslib/...`. */
  readonly contents: string
  /** Where it came from, for stack traces. */
  readonly filename: string
}

/** Library on jslib.k6.io -> module here. A function chooses by the version's first numbers. */
const libraries: Readonly<Record<string, string | ((version: readonly number[]) => string)>> = {
  'k6-utils': ([major = 0, minor = 0]) => (major === 1 && minor < 2 ? 'k6-utils-1.0' : 'k6-utils'),
  'k6-summary': 'k6-summary',
  'k6-testing': 'k6-testing',
  k6chaijs: 'k6chaijs',
  httpx: 'httpx',
  papaparse: 'papaparse',
  url: 'url',
  formdata: 'formdata',
  'form-urlencoded': 'form-urlencoded',
  ajv: 'ajv',
  jsonpath: 'jsonpath',
  totp: 'totp',
  expect: 'expect',
  functional: 'expect',
  'http-instrumentation-tempo': 'http-instrumentation-tempo',
  'http-instrumentation-pyroscope': 'http-instrumentation-pyroscope',
}

/** @returns undefined for anything but a known library's `index.js` on jslib.k6.io, of any version */
export function jslibSource(url: string): JslibSource | undefined {
  const [, library = '', version = ''] =
    /^https:\/\/jslib\.k6\.io\/([a-z0-9-]+)\/(\d+(?:\.\d+){1,3})\/index\.js$/.exec(url) ?? []
  if (!Object.hasOwn(libraries, library)) return undefined
  const choice = libraries[library]
  const module = typeof choice === 'function' ? choice(version.split('.').map(Number)) : choice
  return module === undefined ? undefined : readBundle(`modules/${module}`)
}

export interface JslibPackage {
  /** An expression: a function of the VU's console that answers the exports. Strict, and needs no global of Node's. */
  readonly code: string
  readonly filename: string
  /** False when it keeps settings, plug-ins or the console: then every VU needs one of its own. */
  readonly stateless: boolean
}

/** The packages, as the engine's modules `k6/jslib/NAME`. */
export const jslibPackageNames: readonly string[] = [
  'ajv',
  'chai',
  'form-urlencoded',
  'jsonpath',
  'papaparse',
  'url',
  'web-streams',
]

/** @param name  one of `jslibPackageNames` */
export function jslibPackage(name: string): JslibPackage {
  const { contents, filename } = readBundle(`packages/${name}`)
  return { code: contents, filename, stateless: name !== 'chai' && name !== 'ajv' }
}

const read = new Map<string, JslibSource>()

function readBundle(path: string): JslibSource {
  const known = read.get(path)
  if (known !== undefined) return known
  const filename = join(packageRoot(), 'dist', 'jslib', `${path}.js`)
  // From source there is no build, or an old one: it is bundled on the spot.
  const contents = import.meta.url.endsWith('.ts') ? bundleNow(path) : readFileSync(filename, 'utf8')
  const source = { contents, filename }
  read.set(path, source)
  return source
}

function bundleNow(path: string): string {
  const script = join(packageRoot(), 'scripts', 'bundle-jslib.mjs')
  const done = spawnSync(process.execPath, [script, path], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
  if (done.status !== 0) throw new Error(`jslib's ${path} cannot be bundled: ${done.stderr}`)
  return done.stdout
}
