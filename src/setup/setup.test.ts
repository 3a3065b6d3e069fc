import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#base/package-root.js'
import { flagsIn, shells } from './completion.js'
import { examine, type Machine } from './doctor.js'
import { parts } from './parts.js'
import { projectFiles, withIgnored } from './project.js'

const dir = mkdtempSync(join(tmpdir(), 'pw-setup-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('the doctor', () => {
  const machine = (programs: Readonly<Record<string, string>>, env = {}): Machine => ({
    env: { PATH: '/one:/two', ...env },
    isProgram: (path) => Object.hasOwn(programs, path),
    firstLine: async (program, args) =>
      args[0] === '-c' ? (args[1]?.includes('"locust"') ? '2.43.1' : undefined) : programs[program],
    packageVersion: (name) => (name === 'pg' ? '8.1.0' : undefined),
  })

  it('finds programs on the PATH, in their variable, in their place; packages and Python modules; and says what is not there', async () => {
    const found = await examine(
      machine(
        { '/two/k6': 'k6 v1.8.1 (go1.26)', '/one/python3': 'Python 3.11.2', '/opt/py-spy': 'py-spy 0.4.1' },
        { PW_PYSPY: '/opt/py-spy' },
      ),
    )
    const of = (name: string) => found.find(({ part }) => part.name === name)
    expect(of('k6')).toMatchObject({ version: '1.8.1', where: '/two/k6' })
    expect(of('py-spy')).toMatchObject({ version: '0.4.1', where: '/opt/py-spy' })
    expect(of('Locust')).toMatchObject({ version: '2.43.1', where: '/one/python3' })
    expect(of('pg')).toMatchObject({ version: '8.1.0' })
    expect(of('Go')).toMatchObject({ version: null, where: null })
    expect(found).toHaveLength(parts.length)
  })

  it('knows every optional package, so that none is missing without a word', async () => {
    const { default: manifest } = (await import('../../package.json', { with: { type: 'json' } })) as {
      default: { optionalDependencies: Record<string, string> }
    }
    const known = parts.flatMap(({ find }) => ('package' in find ? [find.package] : []))
    expect(Object.keys(manifest.optionalDependencies).filter((name) => !known.includes(name))).toEqual([])
  })
})

describe('completion', () => {
  it('takes flags from help texts', () => {
    expect(flagsIn('  -u, --vus int   a\n      --no-color  b, as --vus\n a--b')).toEqual(['--vus', '--no-color'])
  })

  it('completes commands, flags and files in a real bash', () => {
    const script = shells['bash']?.([
      { name: 'run', summary: 'run', flags: ['--vus', '--duration'] },
      { name: 'report', summary: "it's", flags: ['--format'] },
    ])
    writeFileSync(join(dir, 'completion.bash'), script ?? '')
    const complete = (...words: string[]): string[] =>
      execFileSync(
        'bash',
        [
          '-c',
          `source completion.bash; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _perfwright; printf '%s\\n' "\${COMPREPLY[@]}"`,
        ],
        { cwd: dir, encoding: 'utf8' },
      )
        .trim()
        .split('\n')
    expect(complete('perfwright', 're')).toEqual(['report'])
    expect(complete('perfwright', 'run', '--d')).toEqual(['--duration'])
    expect(complete('perfwright', 'run', 'compl')).toEqual(['completion.bash'])
  })
})

describe('a new project', () => {
  it('has a script that the types of k6 accept', () => {
    const project = join(dir, 'project')
    mkdirSync(project)
    const typesAt = relative(project, join(packageRoot(), 'node_modules', '@types', 'k6'))
    for (const [name, text] of Object.entries(
      projectFiles({ url: 'http://127.0.0.1:1', p95Ms: 200, failed: 0.001, typesAt }),
    ))
      writeFileSync(join(project, name), text)
    const tsc = join(packageRoot(), 'node_modules', 'typescript', 'bin', 'tsc')
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' })
    expect(status, stdout).toBe(0)
    writeFileSync(join(project, 'smoke.ts'), "import http from 'k6/http'\nhttp.gett('x')\n")
    expect(spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' }).stdout).toMatch(/gett/)
  })

  it('keeps records out of the repository once', () => {
    expect(withIgnored('node_modules', '.perfwright/')).toBe('node_modules\n.perfwright/\n')
    expect(withIgnored('/.perfwright\n', '.perfwright/')).toBeUndefined()
  })
})
