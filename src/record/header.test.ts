import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { gitCommit } from './environment.js'
import { describeRun } from './header.js'
import { redactCommandLine, redactData, redactUrl } from './redact.js'

const root = mkdtempSync(join(tmpdir(), 'pw-header-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('secrets', () => {
  it.each([
    [
      ['run', '-e', 'API_TOKEN=abc', 's.js'],
      ['run', '-e', 'API_TOKEN=***', 's.js'],
    ],
    [
      ['-eDB_PASSWORD=x', '--env=HOST=h'],
      ['-eDB_PASSWORD=***', '--env=HOST=h'],
    ],
    [
      ['--env', 'HOST=http://user:pw@h/?access_token=t&page=2'],
      ['--env', 'HOST=http://user:***@h/?access_token=***&page=2'],
    ],
    [['--secret-source=mock=key=value'], ['--secret-source=mock=***']],
    [
      ['--secret-source', 'file=/etc/s'],
      ['--secret-source', 'file=***'],
    ],
    [
      ['--out', 'influxdb=http://u:p@h/db'],
      ['--out', 'influxdb=http://u:***@h/db'],
    ],
    [
      ['--tag', 'session=1', '--tag', 'region=eu'],
      ['--tag', 'session=***', '--tag', 'region=eu'],
    ],
    [
      ['-u', '10', '--duration', '10s'],
      ['-u', '10', '--duration', '10s'],
    ],
    [['https://token@host/s.js'], ['https://***@host/s.js']],
  ])('of %j leave the command line', (argv, expected) => {
    expect(redactCommandLine(argv)).toEqual(expected)
  })

  it('leave the options, at any depth, and what only looks alike stays', () => {
    const options = {
      scenarios: { a: { env: { PASSWORD: 'x', HOST: 'h', EMPTY_TOKEN: '' }, authors: ['ann'] } },
      tlsAuth: [{ domains: ['d'], cert: 'PUBLIC', key: 'PRIVATE', password: null }],
      userAgent: 'x',
    }
    expect(redactData(options)).toEqual({
      scenarios: { a: { env: { PASSWORD: '***', HOST: 'h', EMPTY_TOKEN: '' }, authors: ['ann'] } },
      tlsAuth: [{ domains: ['d'], cert: 'PUBLIC', key: '***', password: null }],
      userAgent: 'x',
    })
  })

  it('are found in linear time', () => {
    const text = `${'a:'.repeat(50_000)}?${'b=&'.repeat(50_000)}`
    expect(redactUrl(text)).toBe(text)
  })
})

describe('the commit of a folder', () => {
  it('is read from git without git, on a branch, packed, detached and in a work tree', async () => {
    const repo = join(root, 'repo')
    mkdirSync(join(repo, 'deep/er'), { recursive: true })
    const git = (...args: string[]): string =>
      spawnSync('git', ['-c', 'user.name=n', '-c', 'user.email=e@x', ...args], {
        cwd: repo,
        encoding: 'utf8',
      }).stdout.trim()
    git('init', '-q', '-b', 'feat/x')
    expect(await gitCommit(repo)).toBeUndefined()
    git('commit', '-q', '--allow-empty', '-m', 'one')
    const commit = git('rev-parse', 'HEAD')
    expect(commit).toMatch(/^[0-9a-f]{40}$/)
    expect(await gitCommit(join(repo, 'deep/er'))).toEqual({ commit, branch: 'feat/x' })
    git('pack-refs', '--all')
    expect(await gitCommit(repo)).toEqual({ commit, branch: 'feat/x' })
    git('worktree', 'add', '-q', '-b', 'other', join(root, 'tree'))
    expect(await gitCommit(join(root, 'tree'))).toEqual({ commit, branch: 'other' })
    git('checkout', '-q', '--detach')
    expect(await gitCommit(repo)).toEqual({ commit, branch: null })
  })

  it('is unknown outside of a repository, and in a broken one', async () => {
    const broken = join(root, 'broken')
    mkdirSync(join(broken, '.git'), { recursive: true })
    writeFileSync(join(broken, '.git', 'HEAD'), 'ref: refs/heads/../../../etc/passwd\n')
    expect(await gitCommit(broken)).toBeUndefined()
    expect(await gitCommit('/')).toBeUndefined()
  })
})

describe('the head of a record', () => {
  const input = {
    toolVersion: '1.2.3',
    engine: { name: 'native', version: '1.2.3' },
    script: {
      path: '/x/checkout.test.ts',
      sources: [
        { url: 'file:///x/b.ts', contents: 'b' },
        { url: 'file:///x/a.ts', contents: 'a' },
      ],
    },
    options: { vus: 1 },
    commandLine: ['run', 'checkout.test.ts'],
    cwd: root,
    startedUnixMs: 1,
  }

  it('is named after the script, and hashes its sources whatever their order and place', async () => {
    const head = await describeRun(input)
    const moved = await describeRun({
      ...input,
      script: {
        path: '/y/z.js',
        sources: [
          { url: 'file:///y/a.ts', contents: 'a' },
          { url: 'file:///y/b.ts', contents: 'b' },
        ],
      },
    })
    expect(head.name).toBe('checkout.test')
    expect(head.script.sha256).toBe(moved.script.sha256)
    expect(head.id).not.toBe(moved.id)
    expect(head.environment.hosts[0]).toMatchObject({
      role: 'injector',
      cores: expect.any(Number),
      runtimes: { node: process.version },
    })
  })
})
