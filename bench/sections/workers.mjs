// What a second load thread costs: requests per CPU second of one and of two workers, and the memory of each.
import { join } from 'node:path'
import { contest } from '../lib/contest.mjs'
import { startHttpServer } from '../lib/http-server.mjs'
import { timedScript } from '../lib/timed.mjs'
import { root } from '../lib/tools.mjs'

const vus = 50

export async function run({ work, seconds, rounds }) {
  const server = await startHttpServer(work)
  const script = join(root, 'bench', 'scripts', 'http-get-check.js')
  const args = ['--vus', vus, '--duration', `${seconds}s`, '-e', `URL=${server.url}/products`, script]
  const workers = (count, cores) => async () => {
    const out = await timedScript('perfwright', ['--workers', count, ...args], { work, cores })
    return { ...out, count: out.metrics.http_reqs.count }
  }
  try {
    return await contest({
      unit: 'requests',
      rounds,
      seconds,
      caption: `http.get + check, ${vus} connections, server: ${server.name} on core 0; both cores are shared with it where the generator has two`,
      ratios: { 'x one worker': '1 worker, core 1', 'x one worker on both': '1 worker, both cores' },
      contenders: {
        '1 worker, core 1': workers(1, '1'),
        '2 workers, core 1': workers(2, '1'),
        '1 worker, both cores': workers(1, '0,1'),
        '2 workers, both cores': workers(2, '0,1'),
      },
    })
  } finally {
    server.stop()
  }
}
