/** `profile diff`: before against after, function by function, with what is noise told from what is not. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ExitCode } from '#base/errors.js'
import { compareProfiles, type DiffRow, type Observation, type ProfileDiff } from '#profile/diff/compare.js'
import { readProfile } from '#profile/read/index.js'
import { formatValue } from '#profile/views/units.js'
import type { CommandIo } from '../../command.js'
import { orUsage, rowLimit, usage } from './usage.js'

export async function diff(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = orUsage(() =>
    parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        before: { type: 'string', multiple: true },
        after: { type: 'string', multiple: true },
        limit: { type: 'string', short: 'n' },
        json: { type: 'boolean', default: false },
        'fail-on': { type: 'string' },
      },
    }),
  )
  const before = values.before ?? positionals.slice(0, 1)
  const after = values.after ?? positionals.slice(1)
  if (before.length === 0 || after.length === 0) {
    throw usage(
      'Profiles before and after are needed.',
      'perfwright profile diff BEFORE AFTER, or --before A --before B ... --after C --after D ...',
    )
  }
  if (values['fail-on'] !== undefined && values['fail-on'] !== 'regressed') {
    throw usage(`--fail-on ${values['fail-on']} is unknown.`, 'use --fail-on regressed')
  }
  const load = (paths: readonly string[]): Promise<Taken[]> => Promise.all(paths.map((path) => observation(path, io)))
  const [a, b] = [await load(before), await load(after)]
  const perRequest = [...a, ...b].every(({ requests }) => requests !== undefined)
  const observe = (taken: readonly Taken[]): Observation[] =>
    taken.map(({ profile, requests, seconds }) => ({ profile, units: (perRequest ? requests : seconds) ?? 1 }))
  const result = compareProfiles(observe(a), observe(b))
  const unit = perRequest ? 'request' : 'second'
  if (values.json) io.stdout.write(`${JSON.stringify({ per: unit, ...result }, null, 2)}\n`)
  else
    io.stdout.write(
      diffText(result, a[0]?.profile.valueTypes[a[0].profile.mainValue]?.unit ?? 'count', unit, rowLimit(values.limit)),
    )
  if (values['fail-on'] === undefined) return ExitCode.ok
  if (result.inconclusive !== undefined) return ExitCode.inconclusive
  return result.rows.some(({ verdict }) => verdict === 'regressed') ? ExitCode.regression : ExitCode.ok
}

interface Taken extends Pick<Observation, 'profile'> {
  readonly requests: number | undefined
  readonly seconds: number | undefined
}

/** A folder of `perfwright profile`, or a file of any tool. */
async function observation(path: string, io: CommandIo): Promise<Taken> {
  const full = resolve(io.cwd, path)
  const bundled = join(full, 'profile.pb.gz')
  const file = existsSync(bundled) ? bundled : full
  const bytes = await readFile(file).catch((error: Error) => {
    throw usage(`Cannot read ${path}: ${error.message}`, 'give a profile, or a folder that perfwright profile wrote')
  })
  const profile = await readProfile(bytes, path)
  const facts = await readFile(join(full, 'profile.json'), 'utf8').then(
    (json) => JSON.parse(json) as { readonly requests?: unknown },
    () => ({}) as { readonly requests?: unknown },
  )
  return {
    profile,
    requests: typeof facts.requests === 'number' && facts.requests > 0 ? facts.requests : undefined,
    seconds: profile.durationNs === undefined ? undefined : profile.durationNs / 1e9,
  }
}

export function diffText(result: ProfileDiff, unit: string, per: string, limit: number): string {
  const show = (value: number): string => formatValue(value, unit).padStart(10)
  const lines = [
    `a ${per}: ${formatValue(result.before, unit)} before, ${formatValue(result.after, unit)} after (${percent(result.after / result.before - 1)}): ${result.verdict}${result.inconclusive === undefined ? `, p = ${result.p.toFixed(4)}` : ''}`,
    '',
    `${'before'.padStart(10)} ${'after'.padStart(10)} ${'change'.padStart(9)} ${'q'.padStart(7)}  verdict       function`,
    ...result.rows.slice(0, limit).map((row) => {
      const change = row.change === undefined ? 'new' : row.kind === 'vanished' ? 'gone' : percent(row.change)
      return `${show(row.before)} ${show(row.after)} ${change.padStart(9)} ${row.q.toFixed(4).padStart(7)}  ${row.verdict.padEnd(12)}  ${place(row)}`
    }),
  ]
  if (result.inconclusive !== undefined) lines.push('', result.inconclusive)
  return `${lines.join('\n')}\n`
}

function place({ name, file, line }: DiffRow): string {
  const at = file === '' ? '' : `  ${file}${line > 0 ? `:${line}` : ''}`
  // Names come from the profiled program: nothing of theirs steers the terminal.
  return `${name}${at}`.replace(/[\0-\x1f\x7f-\x9f]/g, '?')
}

function percent(ratio: number): string {
  return `${ratio > 0 ? '+' : ''}${(ratio * 100).toFixed(1)} %`
}
