/** `perfwright ci init` writes a workflow; `perfwright ci publish` shows a run on the platform that it runs on. */
import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { readRecord } from '#record/index.js'
import { renderReport } from '#report/index.js'
import { githubWorkflow } from '#setup/ci/github.js'
import { gitlabPipeline } from '#setup/ci/gitlab.js'
import { annotationsOf, bounded, commentOf, MARKER, SUMMARY_CHARS } from '#setup/ci/publish.js'
import { type CiOptions, defaultCiOptions } from '#setup/ci/types.js'
import type { Command, CommandIo } from '../command.js'

const platforms: Readonly<Record<string, { readonly file: string; write(options: CiOptions): string }>> = {
  github: { file: '.github/workflows/performance.yml', write: githubWorkflow },
  gitlab: { file: 'perfwright.gitlab-ci.yml', write: gitlabPipeline },
}

export const ciCommand: Command = {
  name: 'ci',
  summary: 'write a workflow for GitHub or GitLab; publish a run there',
  async run(argv, io) {
    const [verb, ...rest] = argv
    if (verb === undefined || verb === '--help' || verb === '-h' || rest.includes('--help') || rest.includes('-h')) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    if (verb === 'init') return init(rest, io)
    if (verb === 'publish') return await publish(rest, io)
    throw usage(`there is no "ci ${verb}"; there are init and publish`)
  },
}

const HELP = `Writes a workflow that tests performance on every pull request and by night, and publishes a run where it runs.

Usage: perfwright ci init ${Object.keys(platforms).join('|')} [flags]
       perfwright ci publish [RECORD] [--duet FILE] [--out DIR]

init writes jobs that install, start the service, run a smoke test on pull requests and a load test by night, compare with the
base branch by a duet on the same runner, gate by exit codes, and keep the record as an artifact.

publish writes the job's summary, annotations at the lines that findings name, and a comment on the pull request that is kept up
to date (by gh or glab); DIR gets comment.md, junit.xml and report.html.

Flags of init:
      --start COMMAND    starts the service (default "${defaultCiOptions.start}")
      --install COMMAND  installs it and perfwright (default "${defaultCiOptions.install}")
      --smoke SCRIPT     (default ${defaultCiOptions.smoke})
      --load SCRIPT      script or plan of the night (default ${defaultCiOptions.load})
      --slo FILE         objectives: exit 31 when one is missed
      --nightly CRON     (default "${defaultCiOptions.nightly}", UTC)
      --node VERSION     (default ${defaultCiOptions.nodeVersion})
  -o, --out FILE         (default ${Object.values(platforms)
    .map(({ file }) => file)
    .join(', ')})
      --force            write over a file that is there
Flags of publish:
      --duet FILE        what duet --format md wrote
      --out DIR          (default perfwright-out)
      --no-comment       only write the files
  -h, --help             this text

Examples:
  perfwright ci init github --start 'node server.js' --slo slo.yaml
  perfwright ci publish perfwright-out/smoke
`

function init(argv: readonly string[], io: CommandIo): ExitCode {
  const { values, positionals } = parsed(argv)
  const [name = '', ...more] = positionals
  const platform = Object.hasOwn(platforms, name) ? platforms[name] : undefined
  if (platform === undefined || more.length > 0)
    throw usage(`ci init takes one of ${Object.keys(platforms).join(', ')}, not "${positionals.join(' ')}"`)
  const given = Object.fromEntries(
    (['start', 'install', 'smoke', 'load', 'slo', 'nightly'] as const).flatMap((key) =>
      values[key] === undefined ? [] : [[key, values[key]]],
    ),
  ) as Partial<CiOptions>
  const options: CiOptions = { ...defaultCiOptions, ...given, nodeVersion: values.node ?? defaultCiOptions.nodeVersion }
  if (options.nightly.trim().split(/\s+/).length !== 5)
    throw usage(`--nightly takes five fields of cron, not "${options.nightly}"`)
  const file = resolve(io.cwd, values.out ?? platform.file)
  if (existsSync(file) && values.force !== true)
    throw usage(`${values.out ?? platform.file} is there already`, '--force, or another file with -o')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, platform.write(options))
  io.stdout.write(`wrote ${values.out ?? platform.file}\n`)
  for (const script of [options.smoke, options.load])
    if (!existsSync(resolve(io.cwd, script)))
      io.stderr.write(`${script} is not there yet: perfwright init, perfwright plan\n`)
  return ExitCode.ok
}

async function publish(argv: readonly string[], io: CommandIo): Promise<ExitCode> {
  const { values, positionals } = parsed(argv)
  const out = resolve(io.cwd, values.out ?? 'perfwright-out')
  mkdirSync(out, { recursive: true })
  const duet = values.duet === undefined ? undefined : textOf(resolve(io.cwd, values.duet))
  if (positionals[0] === undefined && duet === undefined)
    throw usage('nothing to publish: give a RECORD or --duet FILE')
  let report: string | undefined
  if (positionals[0] !== undefined) {
    const record = await readRecord(resolve(io.cwd, positionals[0]))
    report = await rendered(record, 'md')
    writeFileSync(join(out, 'junit.xml'), await rendered(record, 'junit'))
    writeFileSync(join(out, 'report.html'), await rendered(record, 'html'))
    if (io.env['GITHUB_ACTIONS'] === 'true') {
      const findings = (await record.findings().catch(() => undefined)) ?? []
      for (const line of annotationsOf({ run: record.run, findings }, io.env['GITHUB_WORKSPACE'] ?? io.cwd))
        io.stdout.write(`${line}\n`)
    }
  }
  const comment = commentOf(report, duet)
  const file = join(out, 'comment.md')
  writeFileSync(file, comment)
  const summary = io.env['GITHUB_STEP_SUMMARY']
  if (summary !== undefined && summary !== '')
    appendFileSync(summary, bounded(`${duet ?? ''}\n\n${report ?? ''}\n`, SUMMARY_CHARS))
  if (values['no-comment'] !== true) await postComment(file, comment, io)
  return ExitCode.ok
}

/** By the platform's own program; a comment that cannot be written never fails a job. */
async function postComment(file: string, body: string, io: CommandIo): Promise<void> {
  try {
    const pull = /^refs\/pull\/(\d+)\//.exec(io.env['GITHUB_REF'] ?? '')?.[1]
    const repository = io.env['GITHUB_REPOSITORY']
    if (pull !== undefined && repository !== undefined) {
      const filter = `.[] | select(.body | startswith("${MARKER}")) | .id`
      const found = await program(
        'gh',
        ['api', '--paginate', `repos/${repository}/issues/${pull}/comments`, '--jq', filter],
        io,
      )
      const [id] = found.trim().split('\n')
      if (id === undefined || id === '')
        await program('gh', ['pr', 'comment', pull, '--repo', repository, '--body-file', file], io)
      else
        await program(
          'gh',
          ['api', '--method', 'PATCH', `repos/${repository}/issues/comments/${id}`, '-F', `body=@${file}`],
          io,
        )
      return
    }
    const merge = io.env['CI_MERGE_REQUEST_IID']
    if (merge !== undefined && (io.env['GITLAB_TOKEN'] ?? '') !== '')
      await program('glab', ['mr', 'note', merge, '--unique', '--message', body], io)
  } catch (error) {
    io.stderr.write(`the comment was not written: ${(error as Error).message.split('\n')[0]}\n`)
  }
}

function program(name: string, args: readonly string[], { cwd, env }: CommandIo): Promise<string> {
  return new Promise((done, fail) => {
    execFile(
      name,
      [...args],
      { cwd, env: { ...env }, timeout: 60_000, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout) => (error === null ? done(stdout) : fail(error)),
    )
  })
}

async function rendered(record: Awaited<ReturnType<typeof readRecord>>, format: string): Promise<string> {
  let text = ''
  for await (const piece of renderReport(record, format))
    text += typeof piece === 'string' ? piece : Buffer.from(piece).toString()
  return text
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The comparison failed before it could write anything: its own step says why.
    return undefined
  }
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        start: { type: 'string' },
        install: { type: 'string' },
        smoke: { type: 'string' },
        load: { type: 'string' },
        slo: { type: 'string' },
        nightly: { type: 'string' },
        node: { type: 'string' },
        duet: { type: 'string' },
        out: { type: 'string', short: 'o' },
        force: { type: 'boolean' },
        'no-comment': { type: 'boolean' },
      },
    })
  } catch (error) {
    throw usage((error as Error).message)
  }
}

function usage(message: string, fix = 'perfwright ci --help lists the flags'): PerfwrightError {
  return new PerfwrightError({ code: 'PW_CI_USAGE', message, fix })
}
