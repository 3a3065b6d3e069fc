// Speed and memory of the generator, side by side with its rivals in one run on one machine.
//   npm run bench                     every section but the soaks: median and spread over interleaved rounds
//   npm run bench -- http1 start      those sections
//   npm run bench -- --short          fewer and shorter rounds (CI): the same tables, wider spread
//   npm run bench -- soak --requests 10000000     memory over N requests as fast as it goes
//   npm run bench -- soak --minutes 30 --rate 5000     memory and losses at a constant arrival rate
// Servers are pinned to core 0, generators to core 1. Rivals that are not installed are named as missing. Nothing here
// passes or fails on time: it prints ratios and writes bench/results/.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machine } from './lib/tools.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    requests: { type: 'string' },
    minutes: { type: 'string' },
    rate: { type: 'string' },
  },
})
const known = readdirSync(join(here, 'sections')).map((file) => file.replace(/\.mjs$/, ''))
const unknown = positionals.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`bench: no section "${unknown.join('", "')}"; there are ${known.join(', ')}\n`)
  process.exit(2)
}
const sections = positionals.length > 0 ? positionals : known.filter((name) => name !== 'soak')
const work = mkdtempSync(join(tmpdir(), 'pw-bench-'))
const bench = {
  work,
  flags,
  short: flags.short,
  seconds: Number(flags.seconds ?? (flags.short ? 3 : 8)),
  rounds: Number(flags.rounds ?? (flags.short ? 2 : 5)),
}
const report = { at: new Date().toISOString(), machine: machine(), seconds: bench.seconds, rounds: bench.rounds }
let failed = 0
try {
  for (const name of sections) {
    process.stdout.write(`\n## ${name}\n`)
    try {
      report[name] = await (await import(`./sections/${name}.mjs`)).run(bench)
    } catch (error) {
      failed++
      process.stdout.write(`section ${name} failed: ${error.stack}\n`)
    }
  }
  mkdirSync(join(here, 'results'), { recursive: true })
  const file = join(here, 'results', `${report.at.replace(/[:.]/g, '-')}.json`)
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  process.stdout.write(`\nWritten to ${file}\n`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1
