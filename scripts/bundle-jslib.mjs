// The libraries of jslib.k6.io that we serve ourselves (src/script/jslib/index.ts says why there are two kinds):
// modules/*.js -> dist/jslib/modules/*.js, ES modules, and packages/*.js -> dist/jslib/packages/*.js, each one function
// expression that answers the exports. With `modules/NAME` or `packages/NAME` as argument: that one, to standard output.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const jslib = join(root, 'src', 'script', 'jslib')

/** Writes all of them into `folder`. */
export async function bundleJslib(folder) {
  for (const kind of ['modules', 'packages']) {
    mkdirSync(join(folder, kind), { recursive: true })
    const names = readdirSync(join(jslib, kind)).filter((file) => file.endsWith('.js'))
    await Promise.all(
      names.map(async (name) =>
        writeFileSync(join(folder, kind, name), await bundleOne(`${kind}/${basename(name, '.js')}`)),
      ),
    )
  }
}

async function bundleOne(path) {
  const isPackage = path.startsWith('packages/')
  const nothing = join(jslib, 'packages', 'shared', 'nothing.js')
  const result = await build({
    absWorkingDir: root,
    entryPoints: [join(jslib, `${path}.js`)],
    bundle: true,
    write: false,
    metafile: true,
    format: isPackage ? 'cjs' : 'esm',
    minifySyntax: isPackage,
    minifyWhitespace: isPackage,
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
  const licences = [...packages].map(licence).sort((a, b) => a.localeCompare(b))
  const code = result.outputFiles[0].text
  if (!isPackage) return licences.join('') + code
  // In parentheses, since the comments in front of it would end a `return`.
  return `${licences.join('')}(function (console) { 'use strict'; const module = { exports: {} }\n${code}\nreturn module.exports })\n`
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

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(await bundleOne(process.argv[2]))
