// http.get + check over HTTP/1.1: requests per CPU second of the generator beside its rivals and beside a bare socket.
import { join } from 'node:path'
import { contest } from '../lib/contest.mjs'
import { startHttpServer } from '../lib/http-server.mjs'
import { timed, timedScript } from '../lib/timed.mjs'
import { has, k6, leftOut, root } from '../lib/tools.mjs'

const vus = 50

export async function run({ work, seconds, rounds }) {
  const server = await startHttpServer(work)
  const url = `${server.url}/products`
  const script = join(root, 'bench', 'scripts', 'http-get-check.js')
  const args = ['--vus', vus, '--duration', `${seconds}s`, '-e', `URL=${url}`, script]
  const onScript = (tool) => async () => {
    const out = await timedScript(tool, args, { work })
    return { ...out, count: out.metrics.http_reqs.count }
  }
  const wrk = has('wrk', ['-v'])
  if (!k6) leftOut('k6')
  if (!wrk) leftOut('wrk')
  try {
    return await contest({
      unit: 'requests',
      rounds,
      seconds,
      caption: `http.get + check, ${vus} connections, server: ${server.name} on core 0, generator on core 1`,
      ratios: { 'x k6': 'k6 (same script)', 'x bare loop': 'bare Node socket loop (no parsing)' },
      contenders: {
        'perfwright (script: get + check)': onScript('perfwright'),
        ...(k6 && { 'k6 (same script)': onScript('k6') }),
        'bare Node socket loop (no parsing)': async () => {
          const out = await timed([process.execPath, join(root, 'bench', 'lib', 'bare-loop.mjs'), url, vus, seconds])
          return { ...out, count: Number(/requests (\d+)/.exec(out.stdout)[1]) }
        },
        ...(wrk && {
          wrk: async () => {
            const out = await timed(['wrk', '-t1', `-c${vus}`, `-d${seconds}s`, url])
            return { ...out, count: Number(/(\d+) requests in/.exec(out.stdout)[1]) }
          },
        }),
        autocannon: async () => {
          const program = join(root, 'node_modules', 'autocannon', 'autocannon.js')
          const out = await timed([process.execPath, program, '-c', vus, '-d', seconds, '-j', url])
          return { ...out, count: JSON.parse(out.stdout.slice(out.stdout.indexOf('{'))).requests.total }
        },
      },
    })
  } finally {
    server.stop()
  }
}
