/** `perfwright plan`: from a question to a test: its type, its load, its objectives, a starter script, in a file that `run` takes. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { planUsage } from '#plan/errors.js'
import { type Asker, interview } from '#plan/interview.js'
import { type Answers, type MadePlan, makePlan } from '#plan/make-plan.js'
import { nearest } from '#plan/nearest.js'
import { decisionTree } from '#plan/questions.js'
import { readPlan } from '#plan/read-plan.js'
import { type Likeness, type PlanEnvironment, questions, serviceTypes, testTypes } from '#plan/schema.js'
import { starterCsv, starterRequests, starterScript } from '#plan/starter.js'
import { assumed } from '#plan/traffic.js'
import { seconds } from '#plan/units.js'
import { planText } from '#plan/write-plan.js'
import type { Command, CommandIo } from '../command.js'

export const planCommand: Command = {
  name: 'plan',
  summary: 'choose the right test: type, load, objectives and a starter script, in a file that run takes',
  async run(argv, io) {
    const flags = parse(argv)
    if (flags.help) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    if (flags.check !== undefined) return check(flags.check, io)
    const out = resolve(io.cwd, flags.out)
    const script = flags.journey === undefined ? join(dirname(out), 'journey.ts') : resolve(io.cwd, flags.journey)
    const given: Answers = { ...flags.answers, script: local(out, script) }
    const asks = isTerminal(io) && !flags.yes && given.question === undefined && given.type === undefined
    const answers = asks ? await onTerminal(io, given) : given
    const made = makePlan(answers)
    const text = planText(made)
    // What is written must be readable: a number that no plan may hold shows here, not at the run.
    readPlan(text, flags.out)
    save(out, text, flags.force)
    const files = [flags.out]
    if (flags.journey === undefined && !existsSync(script)) {
      save(script, starterScript('users.csv', seconds(made.plan.traffic?.thinkTime ?? assumed.thinkTime)), false)
      files.push(relative(io.cwd, script))
      const csv = join(dirname(script), 'users.csv')
      if (!existsSync(csv)) {
        save(csv, starterCsv(), false)
        files.push(relative(io.cwd, csv))
      }
    }
    io.stdout.write(describe(made, files, flags.out))
    return ExitCode.ok
  },
}

const HELP = `Chooses the right test and writes it into a file: perfwright plan [flags]

Asks on a terminal; elsewhere, and with --question or --type, everything comes by flags.

What do you want to know?
${decisionTree.map(({ question, asks, type }) => `  --question ${question.padEnd(11)} ${asks.padEnd(62)} ${type} test`).join('\n')}

Flags:
      --type TYPE             ${testTypes.join(', ')} (default: what the question leads to)
      --service KIND          ${serviceTypes.join(', ')}:
                              sets the objectives (default user-facing-api)
      --url URL               where the service is (repeatable; default http://127.0.0.1:8080)
      --users-per-day N       expected traffic, or
      --peak-rps N            requests a second at the peak
      --sessions-per-user N   visits of a user a day (default ${assumed.sessionsPerUser})
      --session TIME          length of a visit (default ${assumed.session})
      --think-time TIME       pause between two requests (default ${assumed.thinkTime})
      --peak-factor N         the busiest hour in times the average (default ${assumed.peakFactor})
      --response-time TIME    assumed for Little's law (default: the p95 objective)
      --requests N            requests of one journey of the script (default ${starterRequests})
      --cores N               of one replica here, with --production-cores N
      --memory SIZE           of one replica here, with --production-memory SIZE
      --replicas N            here, with --production-replicas N
      --rows N                of the data here, with --production-rows N
      --table-rows NAME=N     rows of a table in production (repeatable; checkpoint "test-data")
      --hold TIME             how long the full load lasts
      --ramp TIME             how long a ramp lasts
      --observe URI           a service to watch (repeatable), as perfwright run --observe
      --target-cmd COMMAND    starts the target
      --allow-host HOST       a paid service that the load may reach (repeatable)
      --journey FILE          your script (default: a starter: log in, browse, buy, fed by a CSV)
      --name NAME             name of the runs
  -o, --out FILE              (default plan.yaml)
      --force                 overwrite it
  -y, --yes                   ask nothing
      --check FILE            only say what is wrong with a plan, by line
  -h, --help                  this text

Exit codes: 0; 2 when the flags make no plan; 104 when a plan that is checked has problems.

Examples:
  perfwright plan --question expected --users-per-day 50000 --url http://127.0.0.1:8080
  perfwright plan --question capacity --peak-rps 200 --cores 2 --production-cores 8 -o limit.yaml
  perfwright plan --check plan.yaml && perfwright run plan.yaml
`

interface PlanFlags {
  readonly help: boolean
  readonly check: string | undefined
  readonly out: string
  readonly force: boolean
  readonly yes: boolean
  readonly journey: string | undefined
  readonly answers: Omit<Answers, 'script'>
}

const single = [
  'question',
  'type',
  'service',
  'users-per-day',
  'peak-rps',
  'sessions-per-user',
  'session',
  'think-time',
  'peak-factor',
  'response-time',
  'requests',
  'cores',
  'production-cores',
  'memory',
  'production-memory',
  'replicas',
  'production-replicas',
  'rows',
  'production-rows',
  'hold',
  'ramp',
  'target-cmd',
  'journey',
  'name',
  'check',
] as const
const repeated = ['url', 'table-rows', 'observe', 'allow-host'] as const

function parse(argv: readonly string[]): PlanFlags {
  let values: Record<string, string | boolean | string[] | undefined>
  try {
    ;({ values } = parseArgs({
      args: [...argv],
      options: {
        ...Object.fromEntries(single.map((name) => [name, { type: 'string' as const }])),
        ...Object.fromEntries(repeated.map((name) => [name, { type: 'string' as const, multiple: true }])),
        out: { type: 'string', short: 'o' },
        force: { type: 'boolean' },
        yes: { type: 'boolean', short: 'y' },
        help: { type: 'boolean', short: 'h' },
      },
    }))
  } catch (error) {
    const word = /'--([\w-]+)/.exec((error as Error).message)?.[1] ?? ''
    const meant = nearest(word, [...single, ...repeated, 'out', 'force', 'yes', 'help'])
    throw planUsage((error as Error).message, meant === undefined ? undefined : `did you mean --${meant}?`)
  }
  const text = (name: (typeof single)[number]): string | undefined => values[name] as string | undefined
  const many = (name: (typeof repeated)[number]): readonly string[] => (values[name] as string[] | undefined) ?? []
  const number = (name: (typeof single)[number]): number | undefined => numberOf(name, text(name))
  const time = (name: (typeof single)[number]): number | undefined => {
    const value = timeOf(name, text(name))
    return value === undefined ? undefined : seconds(value)
  }
  const urls = many('url')
  const wrong = urls.find((url) => !/^https?:\/\/[^/\s]/.test(url))
  if (wrong !== undefined) throw planUsage(`--url is no http URL: ${wrong}`)
  return {
    help: values['help'] === true,
    check: text('check'),
    out: (values['out'] as string | undefined) ?? 'plan.yaml',
    force: values['force'] === true,
    yes: values['yes'] === true,
    journey: text('journey'),
    answers: {
      name: text('name'),
      question: oneOf('question', text('question'), questions),
      type: oneOf('type', text('type'), testTypes),
      service: oneOf('service', text('service'), serviceTypes),
      urls: urls.length > 0 ? urls : ['http://127.0.0.1:8080'],
      traffic: {
        usersPerDay: number('users-per-day'),
        peakRps: number('peak-rps'),
        sessionsPerUser: number('sessions-per-user'),
        session: timeOf('session', text('session')),
        thinkTime: timeOf('think-time', text('think-time')),
        responseTime: timeOf('response-time', text('response-time')),
        peakFactor: number('peak-factor'),
        requestsPerJourney: number('requests'),
      },
      environment: environmentOf(text, number),
      times: { holdS: time('hold'), rampS: time('ramp') },
      observe: some(many('observe')),
      targetCommand: text('target-cmd'),
      allow: some(many('allow-host')),
      rows: rowsOf(many('table-rows')),
    },
  }
}

function environmentOf(
  text: (name: (typeof single)[number]) => string | undefined,
  number: (name: (typeof single)[number]) => number | undefined,
): PlanEnvironment | undefined {
  const both = <T>(flag: string, test: T | undefined, production: T | undefined): Likeness<T> | undefined => {
    if (test === undefined && production === undefined) return undefined
    if (test === undefined || production === undefined)
      throw planUsage(
        `--${test === undefined ? `production-${flag}` : flag} says nothing by itself.`,
        `give both --${flag} and --production-${flag}`,
      )
    return { test, production }
  }
  const environment: PlanEnvironment = {
    cores: both('cores', number('cores'), number('production-cores')),
    memory: both('memory', text('memory'), text('production-memory')),
    replicas: both('replicas', number('replicas'), number('production-replicas')),
    dataRows: both('rows', number('rows'), number('production-rows')),
  }
  if (Object.values(environment).every((value) => value === undefined)) return undefined
  const sizes = environment.memory === undefined ? [] : [environment.memory.test, environment.memory.production]
  const wrong = sizes.find((size) => !/^\d+(\.\d+)?\s*(B|[KMGT]i?B)$/.test(size))
  if (wrong !== undefined) throw planUsage(`"${wrong}" is no size`, 'write it as 512MiB or 4GB')
  return environment
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text.replaceAll(/[_,]/g, ''))
  if (!(value > 0) || !Number.isFinite(value)) throw planUsage(`--${name} takes a number above 0, not "${text}"`)
  if (name === 'peak-factor' && value < 1)
    throw planUsage(`--peak-factor is the peak in times the average: at least 1, not "${text}"`)
  if (name === 'requests' && !Number.isInteger(value)) throw planUsage(`--requests takes a whole number, not "${text}"`)
  return value
}

function timeOf(name: string, text: string | undefined): string | undefined {
  if (text === undefined || /^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return text
  throw planUsage(`--${name} takes a time, not "${text}"`, 'write it as 500ms, 3s, 5m or 1h30m')
}

function oneOf<T extends string>(name: string, text: string | undefined, all: readonly T[]): T | undefined {
  if (text === undefined) return undefined
  const found = all.find((item) => item === text)
  if (found !== undefined) return found
  const meant = nearest(text, all)
  throw planUsage(
    `there is no --${name} ${text}`,
    meant === undefined ? `there are ${all.join(', ')}` : `did you mean ${meant}?`,
  )
}

function rowsOf(items: readonly string[]): Readonly<Record<string, number>> | undefined {
  if (items.length === 0) return undefined
  return Object.fromEntries(
    items.map((item) => {
      const [, name, count] = /^([^=]+)=(\d[\d_,]*)$/.exec(item) ?? []
      if (name === undefined) throw planUsage(`--table-rows takes NAME=N, not "${item}"`)
      return [name, numberOf('table-rows', count) as number]
    }),
  )
}

function some<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items
}

function check(file: string, io: CommandIo): number {
  const path = resolve(io.cwd, file)
  const { plan } = readPlan(readText(path, file), file)
  const script = resolve(dirname(path), plan.script)
  if (!existsSync(script) && !/^https?:/.test(plan.script))
    throw planUsage(`The plan's script is not there: ${script}`, `correct "script" in ${file}`)
  io.stdout.write(`${file}: fine. A ${plan.type} test of ${plan.script}.\n`)
  return ExitCode.ok
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw planUsage(`The plan cannot be read: ${(error as Error).message}`, `check the path ${name}`)
  }
}

function isTerminal(io: CommandIo): boolean {
  return io.stdout.isTTY === true && (io.stdin as { isTTY?: boolean }).isTTY === true
}

async function onTerminal(io: CommandIo, given: Answers): Promise<Answers> {
  const lines = createInterface({ input: io.stdin, output: io.stdout })
  // Lines may come faster than questions: pasted, or from a script behind a terminal. Ctrl-C and Ctrl-D close it.
  const typed = lines[Symbol.asyncIterator]()
  lines.on('SIGINT', () => lines.close())
  const text: Asker['text'] = async (question, fallback, wrong) => {
    for (;;) {
      lines.setPrompt(`${question} [${fallback}] `)
      lines.prompt()
      const line = await typed.next()
      if (line.done === true)
        throw planUsage(
          'No plan: the questions were broken off.',
          'everything can come by flags: perfwright plan --help',
        )
      const answer = line.value.trim() || fallback
      const wants = wrong?.(answer)
      if (wants === undefined) return answer
      io.stdout.write(`  It wants ${wants}.\n`)
    }
  }
  const choose: Asker['choose'] = async (question, options, fallback = 0) => {
    io.stdout.write(`${question}\n${options.map((option, i) => `  ${i + 1}  ${option}`).join('\n')}\n`)
    const isOne = (answer: string): string | undefined =>
      /^\d+$/.test(answer) && Number(answer) >= 1 && Number(answer) <= options.length
        ? undefined
        : `a number from 1 to ${options.length}`
    return Number(await text('Which?', String(fallback + 1), isOne)) - 1
  }
  try {
    return await interview({ text, choose }, { ...given, urls: [] })
  } finally {
    lines.close()
  }
}

function save(path: string, text: string, force: boolean): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' })
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new PerfwrightError({
      code: 'PW_PLAN_WRITE',
      message: exists ? 'The file is there already.' : `It cannot be written: ${(error as Error).message}.`,
      where: path,
      fix: exists ? '--force overwrites it, -o names another' : 'name another file with -o',
      exitCode: ExitCode.usage,
      cause: error,
    })
  }
}

/** A script as a plan names it. */
function local(plan: string, script: string): string {
  const path = relative(dirname(plan), script)
  return path.startsWith('.') ? path : `./${path}`
}

function describe({ plan, because }: MadePlan, files: readonly string[], out: string): string {
  const part = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
  const { p95, p99, availability } = plan.slo ?? {}
  return `${[
    because.type,
    ...part('Traffic', because.traffic),
    ...part('Environment', because.environment),
    ...part('Load', [because.workload]),
    ...part(`Objectives of a ${plan.service ?? 'service'}`, [
      `p95 < ${p95 ?? '-'}, p99 < ${p99 ?? '-'}, available ${availability ?? '-'}`,
    ]),
    '',
    `Written: ${files.join(', ')}`,
    files.some((file) => basename(file) === 'journey.ts')
      ? 'Next: put your paths into the script and your users and ids into the CSV, then'
      : 'Next:',
    `  perfwright run ${out} -u 1 -i 1    try it once`,
    `  perfwright run ${out}`,
  ].join('\n')}\n`
}
