/** House rules as tests: each message names the mend, and each rule counts what it saw so that it cannot pass on nothing. */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
// @ts-expect-error a plain module: the table is shared with scripts that run without a build
import { importTable, oxlintConfig } from '../scripts/import-table.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const sources = files(join(root, 'src')).filter((file) => file.endsWith('.ts'))
const code = sources.filter((file) => !file.endsWith('.test.ts') && !file.includes('/testing/'))
const read = (file: string): string => readFileSync(file, 'utf8')
const table = importTable as Record<string, string[]>

describe('house rules', () => {
  it('every folder of src stands in the import table and in ARCHITECTURE.md, with the same imports', () => {
    const page = read(join(root, 'ARCHITECTURE.md'))
    const folders = readdirSync(join(root, 'src'))
    expect(folders.sort()).toEqual(Object.keys(table).sort())
    for (const [folder, allowed] of Object.entries(table)) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${folder}/\` |`))
      expect(row, `ARCHITECTURE.md has no row for src/${folder}`).toBeDefined()
      const cell = row!.split('|').at(-2)!.trim()
      expect(cell, `ARCHITECTURE.md, row ${folder}: make it agree with scripts/import-table.mjs`).toBe(
        allowed.length === 0 ? 'nothing' : allowed.join(', '),
      )
    }
  })

  it('the committed linter configuration is the generated one', () => {
    expect(JSON.parse(read(join(root, '.oxlintrc.json'))), 'run: npm run lint -- --write').toEqual(oxlintConfig())
  })

  it('clocks, timers and process.exit are used in base/ and cli/ only', () => {
    // Files that talk to real time by their nature, each with its reason.
    const exempt: Record<string, string> = {
      'src/demo': 'a server process of its own',
      'src/web': 'runs in a browser',
      'src/engine/native/http1/dialer.ts': 'real sockets: the dial timeout',
      'src/engine/native/http1/timeouts.ts': 'real sockets: the timeout wheel',
      'src/engine/native/worker/body.ts': 'measures the event loop and the CPU of its own thread',
      'src/profile/take/node/in-target.ts': 'text that runs in the profiled process',
      'src/observe/runtimes/node-sampler.ts': 'text that runs in the observed process',
      'src/convert/postman/variables.ts': 'text of the script that it writes',
    }
    const banned =
      /(?<![.\w#])(Date\.now\(|performance\.now\(|set(?:Timeout|Interval|Immediate)\((?!fn:)|process\.exit\(|process\.hrtime)/
    let seen = 0
    const found: string[] = []
    for (const file of code) {
      const path = relative(root, file)
      if (
        path.startsWith('src/base/') ||
        path.startsWith('src/cli/') ||
        Object.keys(exempt).some((at) => path.startsWith(at))
      )
        continue
      // Modules for scripts are k6 code, not ours: there setTimeout is the script's own.
      if (path.startsWith('src/script/jslib/')) continue
      seen++
      stripComments(read(file))
        .split('\n')
        .forEach((line, i) => {
          if (banned.test(line)) found.push(`${path}:${i + 1} ${line.trim()}`)
        })
    }
    expect(seen).toBeGreaterThan(50)
    expect(found, 'take a Clock (base/clock.ts) as a parameter').toEqual([])
  })

  it('every error code is documented in docs/errors.md', () => {
    const codes = new Set<string>()
    // `PW_<STAGE>_<WHAT>`; with one word less it is a variable of the environment.
    for (const file of code)
      for (const [match] of stripComments(read(file)).matchAll(/'PW_[A-Z0-9]+_[A-Z0-9_]+'/g))
        codes.add(match.slice(1, -1))
    expect(codes.size).toBeGreaterThan(10)
    const page = read(join(root, 'docs', 'errors.md'))
    expect([...codes].filter((name) => !page.includes(`\`${name}\``)).sort(), 'add a line to docs/errors.md').toEqual(
      [],
    )
  })

  it('every runtime dependency has its line of reason, and none needs a download to install', () => {
    const manifest = JSON.parse(read(join(root, 'package.json'))) as Record<string, Record<string, string>>
    const page = read(join(root, 'docs', 'dependencies.md'))
    const names = Object.keys({
      ...manifest['dependencies'],
      ...manifest['optionalDependencies'],
      ...manifest['devDependencies'],
    })
    expect(names.length).toBeGreaterThan(5)
    expect(
      names.filter((name) => !page.includes(`\`${name}\``)),
      'add a line to docs/dependencies.md',
    ).toEqual([])
  })

  it('no unfinished work is left in the code', () => {
    const words = new RegExp(['TO', 'DO|FIX', 'ME|not (?:yet )?implem', 'ented'].join(''))
    // k6 itself answers 'not implemented' to these calls of WebCrypto, and so do we.
    const k6Words = [
      'src/engine/native/modules/webcrypto/index.ts',
      'src/engine/native/modules/webcrypto/index.test.ts',
    ]
    const found = sources
      .filter((file) => words.test(read(file)))
      .map((file) => relative(root, file))
      .filter((file) => !k6Words.includes(file))
    expect(sources.length).toBeGreaterThan(100)
    expect(found).toEqual([])
  })
})

describe('the import gate bites', () => {
  const folder = mkdtempSync(join(root, '.planted-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const lint = (path: string, text: string): string => {
    for (const name of ['package.json', 'tsconfig.json', 'node_modules']) {
      if (!existsSync(join(folder, name))) symlinkSync(join(root, name), join(folder, name))
    }
    writeFileSync(join(folder, '.oxlintrc.json'), JSON.stringify(oxlintConfig()))
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    const result = spawnSync(join(root, 'node_modules', '.bin', 'oxlint'), ['-c', '.oxlintrc.json', path], {
      cwd: folder,
      encoding: 'utf8',
    })
    rmSync(file)
    return `${result.status} ${result.stdout}`
  }

  for (const [what, path, text] of [
    [
      'a value from above',
      'src/stats/planted.ts',
      "import { x } from '#engine/native/vu.js'\nexport const y: unknown = x\n",
    ],
    ['a type from above', 'src/base/planted.ts', "import type { X } from '#metrics/types.js'\nexport type Y = X\n"],
    ['a re-export', 'src/script/planted.ts', "export { x } from '#config/index.js'\n"],
    ['a sideways stage', 'src/gate/planted.ts', "import { x } from '#report/index.js'\nexport const y: unknown = x\n"],
    [
      'a climb out of the folder',
      'src/gate/deep/planted.ts',
      "import { x } from '../../src/report/index.js'\nexport const y: unknown = x\n",
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      const result = lint(path, text)
      expect(result).toMatch(/^1 /)
      expect(result).toContain('no-restricted-imports')
    })
  }

  it('lets what the table allows pass', () => {
    expect(lint('src/gate/planted.ts', "import { x } from '#record/index.js'\nexport const y: unknown = x\n")).toMatch(
      /^0 /,
    )
  })
})

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  )
}

function stripComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (block) => block.replace(/[^\n]/g, ' '))
    .replace(/(^|[^:'"`])\/\/.*$/gm, '$1')
}
