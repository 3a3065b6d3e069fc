// A command on the generator's core, with the kernel's own account of it.
import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { k6, perfwright } from './tools.mjs'

const account = `
import json, os, resource, subprocess, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
p = subprocess.run(['taskset', '-c', sys.argv[1]] + sys.argv[2:], stdin=subprocess.DEVNULL)
u = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stdout.flush()
print('@@' + json.dumps({'cpuS': u.ru_utime + u.ru_stime, 'maxRssKb': u.ru_maxrss, 'exitCode': p.returncode}))
sys.exit(0 if p.returncode in (0, 99) else 1)
`

/** Runs a command on `cores` (core 1); answers CPU seconds, peak memory (KB) of it and its threads, and what it printed. */
export async function timed(command, { cores = '1' } = {}) {
  const child = spawn('python3', ['-c', account, cores, ...command.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
  const line = /@@(\{.*\})\s*$/.exec(stdout)
  if (code !== 0 || line === null) throw new Error(`${command.join(' ')} exited ${code}\n${stdout}`)
  return { ...JSON.parse(line[1]), stdout: stdout.slice(0, line.index) }
}

/**
 * Runs a script on perfwright or on k6 with the same arguments; answers what `timed` does and the summary export's
 * metrics (k6's `--summary-export` shape).
 */
export async function timedScript(tool, args, { work, cores } = {}) {
  const summary = join(work, `${tool}-summary.json`)
  const record = join(work, `${tool}-record`)
  const head =
    tool === 'k6'
      ? [k6, 'run', '--quiet', '--no-usage-report']
      : [...perfwright, 'run', '--quiet', '--no-summary', '--no-observe', '--no-report', '--record', record]
  const out = await timed([...head, '--summary-export', summary, ...args], { cores })
  const { metrics } = JSON.parse(readFileSync(summary, 'utf8'))
  rmSync(record, { recursive: true, force: true })
  return { ...out, metrics }
}

/** `-e NAME=VALUE` for each. */
export function variables(values) {
  return Object.entries(values).flatMap(([name, value]) => ['-e', `${name}=${value}`])
}
