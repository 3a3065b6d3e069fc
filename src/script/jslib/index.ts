/**
 * The libraries of jslib.k6.io without the network: modules of our own with the same interface, or bundles of the npm
 * packages that k6's are built from. One module serves all versions of a library, where they do not contradict.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '#base/package-root.js'

export interface JslibSource {
  /** An ES module that imports nothing but k6's own modules. */
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
  return module === undefined ? undefined : readBundle(module)
}

const read = new Map<string, JslibSource>()

function readBundle(module: string): JslibSource {
  const known = read.get(module)
  if (known !== undefined) return known
  const filename = join(packageRoot(), 'dist', 'jslib', `${module}.js`)
  // From source there is no build, or an old one: the module is bundled on the spot.
  const contents = import.meta.url.endsWith('.ts') ? bundleNow(module) : readFileSync(filename, 'utf8')
  const source = { contents, filename }
  read.set(module, source)
  return source
}

function bundleNow(module: string): string {
  const script = join(packageRoot(), 'scripts', 'bundle-jslib.mjs')
  const done = spawnSync(process.execPath, [script, module], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
  if (done.status !== 0) throw new Error(`jslib module ${module} cannot be bundled: ${done.stderr}`)
  return done.stdout
}
