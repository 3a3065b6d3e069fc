// http.get + check over HTTP/2 and TLS: requests per CPU second of the generator beside k6, h2load and Node's own client.
import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contest } from '../lib/contest.mjs'
import { timed, timedScript } from '../lib/timed.mjs'
import { has, k6, leftOut, root } from '../lib/tools.mjs'

const vus = 50

export async function run({ work, seconds, rounds }) {
  const nginx = ['nginx', '/usr/sbin/nginx'].find((path) => has(path, ['-v']))
  if (!nginx || !has('openssl', ['version'])) return leftOut('nginx and openssl')
  const server = await startServer(nginx, work)
  const url = `${server.url}/products`
  const script = join(root, 'bench', 'scripts', 'http-get-check.js')
  // A run's start (compiling, 50 handshakes) is not what is compared, so the runs are long.
  const length = seconds * 2
  const args = ['--vus', vus, '--duration', `${length}s`, '--insecure-skip-tls-verify', '-e', `URL=${url}`, script]
  const onScript = (tool) => async () => {
    const out = await timedScript(tool, args, { work })
    return { ...out, count: out.metrics.http_reqs.count }
  }
  const h2load = has('h2load', ['--version'])
  if (!k6) leftOut('k6')
  if (!h2load) leftOut('h2load')
  try {
    return await contest({
      unit: 'requests',
      rounds,
      seconds: length,
      caption: `http.get + check over HTTP/2 with TLS 1.3, ${vus} connections with one request at a time, nginx on core 0`,
      ratios: { 'x k6': 'k6 (same script)' },
      contenders: {
        'perfwright (script: get + check)': onScript('perfwright'),
        ...(k6 && { 'k6 (same script)': onScript('k6') }),
        'node:http2 (bare loop)': async () => {
          const out = await timed([process.execPath, join(root, 'bench', 'lib', 'bare-http2.mjs'), url, vus, length])
          return { ...out, count: Number(/requests (\d+)/.exec(out.stdout)[1]) }
        },
        ...(h2load && {
          h2load: async () => {
            const out = await timed(['h2load', '-t1', `-c${vus}`, '-m1', '-D', length, url])
            return { ...out, count: Number(/(\d+) succeeded/.exec(out.stdout)[1]) }
          },
        }),
      },
    })
  } finally {
    server.stop()
  }
}

async function startServer(nginx, work) {
  const [key, cert] = [join(work, 'h2-key.pem'), join(work, 'h2-cert.pem')]
  const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', ...made, '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const port = 20000 + Math.floor(Math.random() * 2000)
  const body = '[{"id":1,"name":"lamp","price":12.5},{"id":2,"name":"desk","price":99}]'
  writeFileSync(
    join(work, 'nginx-h2.conf'),
    `daemon off; worker_processes 1; worker_cpu_affinity 01; pid ${work}/nginx-h2.pid; error_log ${work}/error-h2.log;
events { worker_connections 2000; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; server { listen 127.0.0.1:${port} ssl http2; ssl_certificate ${cert}; ssl_certificate_key ${key}; location / { default_type application/json; return 200 '${body}'; } } }`,
  )
  const child = spawn('taskset', ['-c', '0', nginx, '-p', work, '-c', join(work, 'nginx-h2.conf')], { stdio: 'ignore' })
  await new Promise((resolve) => setTimeout(resolve, 500))
  return { url: `https://127.0.0.1:${port}`, stop: () => child.kill('SIGQUIT') }
}
