// How long the report of a long run takes, and how large it gets: an hour, 200 endpoints, all collectors.
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { buildLongRecord } from '../lib/long-record.mjs'

export async function run({ work, short }) {
  const minutes = short ? 1 : 60
  const endpoints = 200
  const dir = join(work, 'long')
  await buildLongRecord(dir, { seconds: minutes * 60, endpoints })
  const rounds = []
  const page = join(work, 'report.html')
  for (let i = 0; i < (short ? 3 : 1); i++) {
    const started = process.hrtime.bigint()
    const { status, stderr } = spawnSync(
      process.execPath,
      ['bin/perfwright.js', 'report', dir, '--format', 'html', '-o', page],
      { encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(stderr)
    rounds.push(Number(process.hrtime.bigint() - started) / 1e9)
  }
  rounds.sort((a, b) => a - b)
  const median = rounds[rounds.length >> 1]
  const megabytes = statSync(page).size / 1e6
  console.log(
    `\nreport.html of ${minutes} min and ${endpoints} endpoints: ${median.toFixed(2)} s [${rounds[0].toFixed(2)}-${rounds.at(-1).toFixed(2)}], ${megabytes.toFixed(2)} MB (goal for an hour: 3 s, 5 MB)`,
  )
  return { minutes, endpoints, seconds: rounds, megabytes }
}
