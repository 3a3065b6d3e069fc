// Milliseconds from the start of the process to its first request, for a small script.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { showSpread, spread } from '../lib/statistics.mjs'
import { k6, perfwright, root } from '../lib/tools.mjs'

const script = join(root, 'bench', 'scripts', 'http-get-check.js')

export async function run({ work, short }) {
  const times = { perfwright: [], k6: [] }
  for (let i = 0; i < (short ? 3 : 7); i++) {
    const record = join(work, 'cold')
    times.perfwright.push(
      await firstRequest([...perfwright, 'run', '--quiet', '--iterations', '1', '--record', record]),
    )
    rmSync(record, { recursive: true, force: true })
    if (k6) times.k6.push(await firstRequest([k6, 'run', '--quiet', '--no-usage-report', '--iterations', '1']))
  }
  const out = { perfwright: spread(times.perfwright), ...(k6 && { k6: spread(times.k6) }) }
  process.stdout.write(
    `\nCold start to the first request, ms: perfwright ${showSpread(out.perfwright)}${k6 ? `, k6 ${showSpread(out.k6)}` : ''}\n`,
  )
  return out
}

function firstRequest(head) {
  return new Promise((resolve, reject) => {
    let child
    let started
    const probe = createServer((_, response) => {
      const ms = performance.now() - started
      response.end('[]')
      child.on('close', () => probe.close(() => resolve(ms)))
    }).listen(0, '127.0.0.1', () => {
      started = performance.now()
      child = spawn(head[0], [...head.slice(1), '-e', `URL=http://127.0.0.1:${probe.address().port}/`, script], {
        stdio: 'ignore',
      })
      child.on('error', reject)
    })
  })
}
