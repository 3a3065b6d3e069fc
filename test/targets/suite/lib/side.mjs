// One side of a pair: the servers as the manifest says, the load, and what the diagnosis found.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../servers/process.mjs'
import { listening, start, within } from './processes.mjs'
import { reset } from './seed.mjs'

const suite = join(dirname(fileURLToPath(import.meta.url)), '..')
const perfwright = join(suite, '..', '..', '..', 'bin', 'perfwright.js')

/**
 * @param pair    of the manifest
 * @param faulty  false for the healthy twin
 * @param world   { postgres, redis, goBinary, dir, pin }
 * @returns {Promise<{ dir: string, findings: object[], error?: string }>} `dir` holds the record and all logs
 */
export async function runSide(pair, faulty, world) {
  const dir = join(world.dir, `${pair.name}-${faulty ? 'faulty' : 'healthy'}`)
  mkdirSync(dir, { recursive: true })
  const started = []
  const run = (name, command, env, cwd) => {
    const child = start({ command, env, cwd, log: join(dir, `${name}.log`) })
    started.push(child)
    return child
  }
  try {
    if (pair.uses?.includes('postgres')) {
      world.postgres.sql(reset)
      if (faulty && pair.sql) world.postgres.sql(pair.sql)
    }
    const ports = { partner: await freePort(), service: await freePort(), relay: await freePort() }
    const env = { PORT: String(ports.service), FAULT: (faulty && pair.fault) || '' }
    if (pair.uses?.includes('partner')) {
      const partner = run('partner', ['node', join(suite, 'lib', 'partner.mjs')], {
        PORT: String(ports.partner),
        FAULT: (faulty && pair.partner) || '',
      })
      await listening(ports.partner, partner)
      env.PARTNER_URL = `http://127.0.0.1:${ports.partner}`
    }
    if (pair.uses?.includes('postgres')) env.DATABASE_URL = databaseUrl(world.postgres, world.postgres.port)
    if (pair.uses?.includes('redis')) env.REDIS_URL = world.redis.url
    const { at, ...hindrance } = pair.relay ?? {}
    if (at !== undefined) {
      const to = at === 'front' ? ports.service : world.postgres.port
      const relay = run('relay', ['node', join(suite, 'lib', 'relay.mjs')], {
        PORT: String(ports.relay),
        TO: `127.0.0.1:${to}`,
        ...(faulty ? hindrance : {}),
      })
      await listening(ports.relay, relay)
      if (at === 'database') env.DATABASE_URL = databaseUrl(world.postgres, ports.relay)
    }
    const service = run('service', [...pinned(pair, world, 0), ...serviceCommand(pair.service, world)], env, suite)
    await listening(ports.service, service)

    const record = join(dir, 'record')
    const generator = run('perfwright', [
      ...pinned(pair, world, 1),
      'node',
      perfwright,
      'run',
      '--no-color',
      '--quiet',
      '--record',
      record,
      '--name',
      `${pair.name} ${faulty ? 'faulty' : 'healthy'}`,
      ...(world.plain ? [] : watching(pair, service, world)),
      '-e',
      `BASE_URL=http://127.0.0.1:${at === 'front' ? ports.relay : ports.service}`,
      ...loadArguments(pair, faulty, ports),
    ])
    const code = await within(generator, (secondsOf(pair) + 45) * 1000)
    const findings = readFindings(record)
    if (world.plain) return { dir, findings: [], speed: readSpeed(record) }
    if (code === 'late') return { dir, findings: findings ?? [], error: 'the run did not end in time' }
    if (findings === undefined) return { dir, findings: [], error: `no findings.json (exit code ${code})` }
    return { dir, findings, speed: readSpeed(record) }
  } catch (error) {
    return { dir, findings: [], error: String(error?.message ?? error) }
  } finally {
    for (const child of started.reverse()) await child.stop()
  }
}

export function secondsOf(pair) {
  return pair.script?.seconds ?? pair.load.seconds ?? pair.load.faulty.seconds
}

function watching(pair, service, world) {
  return [
    '--target-pid',
    String(service.pid),
    ...(pair.observe ?? []).flatMap((what) => ['--observe', world[what].url]),
    '--profile',
    'auto',
  ]
}

function loadArguments(pair, faulty, ports) {
  const side = faulty ? 'faulty' : 'healthy'
  if (pair.script !== undefined) {
    const env = { ...pair.script[side], SECONDS: pair.script.seconds }
    return [
      ...Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      join(suite, 'scripts', pair.script.file),
    ]
  }
  const load = JSON.stringify(pair.load[side] ?? pair.load).replaceAll('$PARTNER', `127.0.0.1:${ports.partner}`)
  return ['-e', `LOAD=${load}`, join(suite, 'scripts', 'load.js')]
}

function serviceCommand(service, world) {
  // A port of its own for the inspector that a signal opens: another process of the machine may hold 9229.
  if (service === 'node') return ['node', '--inspect-port=0', join(suite, 'node', 'server.mjs')]
  if (service === 'python') return [world.python, join(suite, 'python', 'server.py')]
  return [world.goBinary]
}

/** Diagnoses the record of a kept run again. */
export async function diagnoseAgain(pair, faulty, world) {
  const dir = join(world.dir, `${pair.name}-${faulty ? 'faulty' : 'healthy'}`)
  const record = join(dir, 'record')
  if (!existsSync(record)) return { dir, findings: [], error: 'no record' }
  rmSync(join(record, 'findings.json'), { force: true })
  const child = start({ command: ['node', perfwright, 'diagnose', record], log: join(dir, 'diagnose.log') })
  await within(child, 60_000)
  const findings = readFindings(record)
  if (findings === undefined) return { dir, findings: [], error: 'no findings.json' }
  return { dir, findings, speed: readSpeed(record) }
}

/**
 * A Go service takes all cores that it sees; with the generator on the same two cores, its load would be measured for the
 * generator's need. Node and Python compute on one thread and leave the other core alone.
 */
function pinned(pair, world, core) {
  return world.pin && pair.service === 'go' ? ['taskset', '-c', String(core)] : []
}

function databaseUrl(postgres, port) {
  const url = new URL(postgres.url)
  url.port = String(port)
  url.searchParams.set('sslmode', 'disable')
  return url.href
}

function readSpeed(record) {
  const { summary } = JSON.parse(readFileSync(join(record, 'run.json'), 'utf8'))
  const of = (name) => summary.metrics.find((metric) => metric.name === name)?.values
  const duration = of('http_req_duration')
  return `${of('http_reqs')?.rate.toFixed(0)}/s, median ${duration?.med.toFixed(1)} ms, p95 ${duration?.['p(95)'].toFixed(1)} ms, failed ${((of('http_req_failed')?.rate ?? 0) * 100).toFixed(1)} %`
}

function readFindings(record) {
  const file = join(record, 'findings.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}
