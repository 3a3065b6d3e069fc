/**
 * A server of the Model Context Protocol with perfwright's verbs, and read access to records.
 * @see https://modelcontextprotocol.io/specification
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { Clock } from '#base/clock.js'
import { parseDuration } from '#base/duration.js'
import { type Guard, Refused } from './guard.js'
import { type Answer, call } from './perfwright.js'

export interface ServerOptions {
  readonly guard: Guard
  /** `[node, bin/perfwright.js]` */
  readonly command: readonly string[]
  /** Scripts and records lie in it. */
  readonly root: string
  readonly clock: Clock
}

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>
interface ToolAnswer {
  [key: string]: unknown
  content: { type: 'text'; text: string }[]
  isError?: boolean
}

const record = z.string().describe('folder of a run, or "latest"').default('latest')
const duration = z.string().regex(/^(\d+(\.\d+)?(ms|s|m|h))+$/)
const readOnly = { readOnlyHint: true, openWorldHint: false }

/** Registers all tools and the records as resources. */
export function registerTools(server: McpServer, options: ServerOptions): void {
  const { guard, root } = options
  const { hosts, maxVus, maxRate, maxDurationS } = guard.limits
  const ask = (args: readonly string[], extra: Extra): Promise<Answer> =>
    call(options.command, args, { cwd: root, signal: extra.signal, clock: options.clock })

  server.registerTool(
    'plan',
    {
      description:
        'Choose the right performance test for a question, with its load computed from the expected traffic. Writes plan.yaml and a starter script.',
      inputSchema: {
        question: z.enum(['works', 'expected', 'capacity', 'stability', 'spike']),
        url: z.url(),
        service: z.enum(['user-facing-api', 'internal-api', 'database', 'background-job', 'real-time-api']).optional(),
        peakRps: z.number().positive().optional(),
        usersPerDay: z.number().positive().optional(),
        out: z.string().default('plan.yaml'),
      },
    },
    async ({ question, url, service, peakRps, usersPerDay, out }, extra) =>
      await answered(async () => {
        const args = ['plan', '--yes', '--question', question, '--url', url, '--out', guard.path(out)]
        if (service !== undefined) args.push('--service', service)
        if (peakRps !== undefined) args.push('--peak-rps', String(peakRps))
        if (usersPerDay !== undefined) args.push('--users-per-day', String(usersPerDay))
        return textOf(await ask(args, extra))
      }),
  )

  server.registerTool(
    'run',
    {
      description: `Run a k6 script or a plan as a load test, with a verdict, a summary and findings. Load goes only to ${hosts.join(', ')}; at most ${maxVus} VUs, ${maxRate} requests/s, ${maxDurationS} s a run.`,
      inputSchema: {
        script: z.string().describe('path of a k6 script (.js, .ts) in the project'),
        vus: z.number().int().positive().optional(),
        duration: duration.optional(),
        env: z
          .record(z.string().regex(/^[A-Za-z_]\w*$/), z.string())
          .optional()
          .describe('variables of __ENV'),
        targetPid: z.number().int().positive().optional().describe('process under test, to be watched'),
        profile: z.boolean().optional().describe('also profile the target in the steady stretch'),
      },
    },
    async (input, extra) =>
      await answered(async () => {
        const { script, vus, duration: time, env = {}, targetPid, profile } = input
        if (/\.ya?ml$/i.test(script))
          throw new Refused('give the script of the plan: what a plan file starts is not checked here')
        const common = [
          ...(vus === undefined ? [] : ['--vus', String(vus)]),
          ...(time === undefined ? [] : ['--duration', time]),
          ...Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
        ]
        const path = guard.path(script)
        const needs = await requirements(await ask(['inspect', '--execution-requirements', ...common, path], extra))
        // How long a number of iterations takes nobody knows: they are interrupted where the budget ends.
        const durationS = needs.isOpenEnded ? Math.min(needs.durationS, maxDurationS, guard.leftS) : needs.durationS
        if (profile === true && !guard.limits.profiles)
          throw new Refused('profiles are not allowed to this server: start it with --allow-profiles')
        const spend = guard.begin(needs.vus, durationS)
        const startedNs = options.clock.nowNs()
        try {
          const args = [
            'run',
            '--json',
            '--quiet',
            ...hosts.flatMap((host) => ['--only-host', host]),
            '--rps',
            String(maxRate),
            ...(targetPid === undefined ? [] : ['--target-pid', String(targetPid)]),
            ...(profile === true ? ['--profile', 'auto'] : []),
            ...common,
            path,
          ]
          const answer = await call(options.command, args, {
            cwd: root,
            signal: extra.signal,
            clock: options.clock,
            limitS: durationS + graceS,
            tick: (seconds) => progress(extra, seconds, durationS),
          })
          return textOf(answer)
        } finally {
          spend((options.clock.nowNs() - startedNs) / 1e9)
        }
      }),
  )

  server.registerTool(
    'diagnose',
    {
      description:
        'Say what held a run back: findings with evidence, confidence, fix and the command that proves the fix.',
      inputSchema: { record },
      annotations: readOnly,
    },
    async (input, extra) =>
      await answered(async () => textOf(await ask(['diagnose', recordOf(input.record), '--json'], extra))),
  )

  server.registerTool(
    'report',
    {
      description:
        'The whole report of a run as Markdown: answer, objectives, endpoints, errors, findings, checkpoints.',
      inputSchema: { record },
      annotations: readOnly,
    },
    async (input, extra) =>
      await answered(async () => textOf(await ask(['report', recordOf(input.record), '--format', 'md'], extra))),
  )

  server.registerTool(
    'profile',
    {
      description:
        'Profile a running Node, Python or Go process: the functions that hold 80 % of the resource, with file and line.',
      inputSchema: {
        pid: z.number().int().positive(),
        kind: z.enum(['cpu', 'wall', 'heap', 'alloc', 'goroutine', 'block', 'lock']).default('cpu'),
        duration: duration.default('10s'),
      },
    },
    async ({ pid, kind, duration: time }, extra) =>
      await answered(async () => {
        if (!guard.limits.profiles)
          throw new Refused('profiles are not allowed to this server: start it with --allow-profiles')
        return textOf(await ask(['profile', '--pid', String(pid), '--kind', kind, '--duration', time, '--json'], extra))
      }),
  )

  server.registerTool(
    'advise',
    {
      description:
        'What to change in database, cache and API, from a record or a live database (read only), with the text of each change.',
      inputSchema: {
        record: record.optional(),
        database: z.string().optional().describe('postgres://, mysql://, redis://'),
      },
      annotations: readOnly,
    },
    async (input, extra) =>
      await answered(async () =>
        textOf(
          await ask(
            [
              'advise',
              ...(input.record === undefined ? [] : [recordOf(input.record)]),
              ...(input.database === undefined ? [] : ['--db', localOnly(input.database, hosts)]),
              '--json',
            ],
            extra,
          ),
        ),
      ),
  )

  server.registerTool(
    'compare',
    {
      description: 'Compare two runs: which metrics changed, by how much, with intervals, and what cannot be told.',
      inputSchema: { a: z.string(), b: z.string() },
      annotations: readOnly,
    },
    async ({ a, b }, extra) =>
      await answered(async () => textOf(await ask(['compare', recordOf(a), recordOf(b), '--json'], extra))),
  )

  server.registerTool(
    'budget',
    { description: 'What load this server still allows.', inputSchema: {}, annotations: readOnly },
    async () => await answered(async () => JSON.stringify({ ...guard.limits, secondsLeft: Math.floor(guard.leftS) })),
  )

  server.registerResource(
    'records',
    'perfwright://records',
    { description: 'Runs of this project, newest last', mimeType: 'application/json' },
    async (uri) => ({
      contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify(await recordNames(root)) }],
    }),
  )

  /** A name below the project's records, or a path in the project. */
  function recordOf(given: string): string {
    if (given === 'latest') return given
    return guard.path(given.includes('/') ? given : join('.perfwright', 'runs', given))
  }
}

/** Set-up, graceful stop, diagnosis and report of a run. */
const graceS = 60

interface Requirements {
  readonly vus: number
  readonly durationS: number
  readonly isOpenEnded: boolean
}

/** What the script will do, as `inspect --execution-requirements` has it. */
async function requirements(answer: Answer): Promise<Requirements> {
  if (answer.code !== 0) throw new Refused(textOf(answer))
  const { maxVUs, totalDuration, scenarios } = JSON.parse(answer.stdout) as {
    maxVUs: number
    totalDuration: string
    scenarios: Readonly<Record<string, { executor: string }>>
  }
  const read = parseDuration(totalDuration)
  if ('error' in read) throw new Refused(`the length of the run cannot be told: ${read.error}`)
  const isOpenEnded = Object.values(scenarios).every(({ executor }) => executor.endsWith('-iterations'))
  return { vus: maxVUs, durationS: read.ns / 1e9, isOpenEnded }
}

/** A database is asked where load may go, and nowhere else. */
function localOnly(uri: string, hosts: readonly string[]): string {
  const host = URL.canParse(uri) ? new URL(uri).hostname.replace(/^\[|\]$/g, '') : ''
  const isAllowed = hosts.some((one) => (one.startsWith('*') ? host.endsWith(one.slice(1)) : host === one))
  if (!isAllowed) throw new Refused(`${host === '' ? uri : host} is none of ${hosts.join(', ')}`)
  return uri
}

function progress(extra: Extra, seconds: number, totalS: number): void {
  const token = extra._meta?.progressToken
  if (token === undefined) return
  void extra
    .sendNotification({
      method: 'notifications/progress',
      params: {
        progressToken: token,
        progress: Math.round(seconds),
        total: Math.max(Math.round(totalS), Math.round(seconds)),
      },
    })
    // A client that went away is no reason to end a run.
    .catch(() => undefined)
}

async function answered(work: () => Promise<string>): Promise<ToolAnswer> {
  try {
    return { content: [{ type: 'text', text: await work() }] }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { content: [{ type: 'text', text: error instanceof Refused ? `Refused: ${text}` : text }], isError: true }
  }
}

/** Exit codes are verdicts: an agent has to see them. */
function textOf({ code, stdout, stderr }: Answer): string {
  const notes = stderr.trim().split('\n').slice(-20).join('\n')
  return [`exit code ${code}`, stdout.trim(), ...(notes === '' ? [] : [`notes:\n${notes}`])].join('\n')
}

async function recordNames(root: string): Promise<{ name: string; state: string }[]> {
  const runs = join(root, '.perfwright', 'runs')
  const names = await readdir(runs).catch((): string[] => [])
  return await Promise.all(
    names
      .sort()
      .slice(-200)
      .map(async (name) => {
        const text = await readFile(join(runs, name, 'run.json'), 'utf8').catch(() => '')
        return { name, state: text === '' ? 'unreadable' : /"endedUnixMs":\s*\d/.test(text) ? 'ended' : 'not ended' }
      }),
  )
}
