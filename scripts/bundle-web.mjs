// The pages that run in a browser: src/web/NAME/main.ts(x) -> dist/web/NAME.js, one script each, to stand inside its page.
// A folder without main is shared by pages.
// With NAME as argument: that one, to standard output.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const web = join(root, 'src', 'web')

/** Writes all of them into `folder`. */
export async function bundleWeb(folder) {
  mkdirSync(folder, { recursive: true })
  const names = readdirSync(web).filter((name) => mainOf(name) !== undefined)
  await Promise.all(names.map(async (name) => writeFileSync(join(folder, `${name}.js`), await bundlePage(name))))
}

function mainOf(name) {
  return ['main.ts', 'main.tsx'].map((file) => join(web, name, file)).find((file) => existsSync(file))
}

/** The code of one page. */
export async function bundlePage(name) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [mainOf(name)],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    conditions: ['source'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.css': 'text' },
    legalComments: 'none',
    logLevel: 'warning',
  })
  return result.outputFiles[0].text
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(await bundlePage(process.argv[2]))
