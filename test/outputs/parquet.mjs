import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Apache Arrow reads what was written, and finds what the JSON output of the same run has. */
export async function parquet({ dir, programs, load }) {
  await load('perfwright', { outs: ['parquet=a.parquet', 'json=a.json'] })
  const code = `
import json, pyarrow.parquet as pq
table = pq.read_table('a.parquet')
table.validate(full=True)
print(json.dumps([[r['metric'], r['value'], int(r['time'].timestamp() * 1000 + 0.5), r['status']] for r in table.to_pylist()]))`
  const { stdout, stderr, status } = spawnSync(programs['python3 pyarrow'], ['-c', code], {
    cwd: dir,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(stderr)
  const points = readFileSync(join(dir, 'a.json'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === 'Point')
  const wanted = points.map(({ metric, data }) => [metric, data.value, Date.parse(data.time), data.tags.status ?? null])
  const read = JSON.parse(stdout)
  if (JSON.stringify(read) !== JSON.stringify(wanted))
    throw new Error(`${read.length} rows differ from ${wanted.length} points`)
  return `${read.length} rows`
}
