// The libraries of jslib.k6.io that we serve ourselves, each bundled into one ES module that imports nothing but k6's own
// modules: src/script/jslib/modules/*.js -> dist/jslib/*.js. With a name as argument: that one, to standard output.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const modules = join(root, 'src', 'script', 'jslib', 'modules')

/** Writes all of them into `folder`. */
export async function bundleJslib(folder) {
  mkdirSync(folder, { recursive: true })
  const names = readdirSync(modules).filter((file) => file.endsWith('.js'))
  await Promise.all(
    names.map(async (file) => writeFileSync(join(folder, file), await bundleModule(basename(file, '.js')))),
  )
}

async function bundleModule(name) {
  const nothing = join(modules, 'shared', 'nothing.js')
  const result = await build({
    absWorkingDir: root,
    entryPoints: [join(modules, `${name}.js`)],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    // Neutral: no shims for Node or browsers; a k6 script has the globals of neither.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    external: ['k6', 'k6/*'],
    // Modules of Node that packages ask for only when they find themselves in Node.
    alias: { stream: nothing, util: nothing },
    legalComments: 'none',
    logLevel: 'silent',
  })
  // A bundle carries the licences of the packages that are in it.
  const packages = new Set(Object.keys(result.metafile.inputs).map(packageFolder))
  packages.delete(undefined)
  return [...packages].map(licence).sort((a, b) => a.localeCompare(b)).join('') + result.outputFiles[0].text
}

/** The folder of the npm package that `file` belongs to. */
function packageFolder(file) {
  const at = file.lastIndexOf('node_modules/')
  if (at < 0) return undefined
  const [first, second] = file.slice(at + 'node_modules/'.length).split('/')
  return join(root, file.slice(0, at), 'node_modules', first, first.startsWith('@') ? second : '')
}

function licence(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), 'utf8')
  const lines = [`${name} ${version}`, '', ...text.replaceAll('*/', '* /').trim().split('\n')]
  return `/*\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(await bundleModule(process.argv[2]))
