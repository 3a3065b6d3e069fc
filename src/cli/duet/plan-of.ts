/** From flags to what a duet runs: the sides, and the requests of a list, a file or a script. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { systemClock } from '#base/clock.js'
import {
  type DuetNames,
  type DuetPlan,
  type DuetResult,
  duetJson,
  duetMarkdown,
  duetText,
  parseRequests,
  recordedSource,
  type RequestSource,
  type SideSpec,
  urlSource,
  usage,
} from '#duet/index.js'
import { redactCommandLine, redactUrl } from '#record/index.js'
import type { CommandIo } from '../command.js'
import type { DuetFlags } from './flags.js'

export interface Duetting {
  readonly plan: DuetPlan
  readonly names: DuetNames
}

/** @throws PW_DUET_USAGE, and what starting side a for the recording of a script throws */
export async function duetting(flags: DuetFlags, io: CommandIo, signal: AbortSignal): Promise<Duetting> {
  const a = sideOf('a', flags.a, flags.aUrl, io)
  const b = sideOf('b', flags.b, flags.bUrl, io)
  const clash = a.url !== undefined && b.url !== undefined && new URL(a.url).host === new URL(b.url).host
  if (clash && !flags.interleaved)
    throw usage(
      `Both sides are at ${new URL(a.url as string).host}.`,
      'two ports: --a-url and --b-url, or let the commands heed PORT',
    )
  const requests = await sourceOf(flags, a, io, signal)
  return {
    plan: {
      a,
      b,
      requests,
      duets: flags.duets,
      most: flags.most,
      warmUpMs: flags.warmUpMs,
      measuredMs: flags.measuredMs,
      lanes: flags.lanes,
      interleaved: flags.interleaved,
      seed: flags.seed,
      judge: { margin: flags.margin, level: flags.level },
    },
    names: { a: nameOf(a), b: nameOf(b), requests: requests.what, measuredMs: flags.measuredMs },
  }
}

export async function sourceOf(
  flags: DuetFlags,
  a: SideSpec,
  io: CommandIo,
  signal: AbortSignal,
): Promise<RequestSource> {
  const given = [flags.script !== undefined, flags.urls.length > 0, flags.requestsFile !== undefined]
  if (given.filter(Boolean).length !== 1)
    throw usage(
      'One source of requests: a script, --url or --requests.',
      'perfwright duet --a CMD --b CMD --url /items',
    )
  if (flags.urls.length > 0) return urlSource(flags.urls)
  if (flags.requestsFile !== undefined)
    return recordedSource(
      parseRequests(textOf(resolve(io.cwd, flags.requestsFile)), flags.requestsFile),
      flags.requestsFile,
    )
  const { recordScript } = await import('./record-script.js')
  const requests = await recordScript(flags.script as string, flags, a, io, signal)
  if (flags.saveRequests !== undefined)
    writeTo(resolve(io.cwd, flags.saveRequests), requests.map((one) => `${JSON.stringify(one)}\n`).join(''))
  return recordedSource(requests, `${requests.length} requests of ${flags.script}`)
}

function sideOf(name: 'a' | 'b', command: string | undefined, url: string | undefined, io: CommandIo): SideSpec {
  if (command === undefined && url === undefined)
    throw usage(
      `Side ${name} is missing.`,
      `--${name} 'node server.js' (it gets PORT), or --${name}-url http://127.0.0.1:3000`,
    )
  if (url !== undefined && !/^https?:\/\/[^/]+\/?$/.test(url))
    throw usage(`--${name}-url takes http://host:port, not "${url}".`, `--${name}-url http://127.0.0.1:3000`)
  return { command, url, cwd: io.cwd, env: io.env }
}

function nameOf({ command, url }: SideSpec): string {
  return command === undefined ? redactUrl(url as string) : redactCommandLine([command]).join(' ')
}

/** Shows and keeps a result; the path is that of what was kept. */
export function answer({ names }: Duetting, { verdict, duets }: DuetResult, flags: DuetFlags, io: CommandIo): string {
  const data = duetJson(verdict, names, duets)
  const stamp = new Date(systemClock.unixMs()).toISOString().replace(/[-:]|\.\d+/g, '')
  const file = resolve(io.cwd, flags.keep ?? join('.perfwright', 'duets', `${stamp}.json`))
  const json = `${JSON.stringify(data, null, 2)}\n`
  writeTo(file, json)
  const text = flags.json ? json : flags.format === 'md' ? duetMarkdown(verdict, names) : duetText(verdict, names)
  if (flags.output === undefined) io.stdout.write(text)
  else writeTo(resolve(io.cwd, flags.output), text)
  return file
}

export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw usage(`The file cannot be read: ${(error as Error).message}`, 'check the path', path)
  }
}

export function writeTo(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
