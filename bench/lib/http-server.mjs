// The server of the HTTP/1.1 sections, on core 0: nginx where it is installed, else Node.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { has, root } from './tools.mjs'

/** Answers { name, url, seen, stop }; `/products` is a small JSON document, `seen()` the requests it served so far. */
export async function startHttpServer(work) {
  const body = JSON.stringify([
    { id: 1, name: 'lamp', price: 12.5 },
    { id: 2, name: 'desk', price: 99 },
  ])
  const nginx = ['nginx', '/usr/sbin/nginx'].find((path) => has(path, ['-v']))
  if (nginx) {
    const port = 18000 + Math.floor(Math.random() * 2000)
    writeFileSync(
      join(work, 'nginx.conf'),
      `daemon off; worker_processes 1; worker_cpu_affinity 01; pid ${work}/nginx.pid; error_log ${work}/error.log; worker_rlimit_nofile 65536;
events { worker_connections 20000; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; server { listen 127.0.0.1:${port} backlog=16384; location /seen { stub_status; } location / { default_type application/json; return 200 '${body}'; } } }`,
    )
    const child = spawn('taskset', ['-c', '0', nginx, '-p', work, '-c', join(work, 'nginx.conf')], { stdio: 'ignore' })
    const url = `http://127.0.0.1:${port}`
    await untilUp(url)
    return {
      name: 'nginx',
      url,
      seen: async () => Number(/\d+ \d+ (\d+)/.exec(await (await fetch(`${url}/seen`)).text())[1]),
      stop: () => child.kill('SIGQUIT'),
    }
  }
  const child = spawn('taskset', ['-c', '0', process.execPath, join(root, 'test', 'targets', 'web-server.mjs')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const { url } = JSON.parse(await new Promise((resolve) => child.stdout.once('data', resolve)))
  const seen = async () => {
    const counts = await (await fetch(`${url}/counts`)).json()
    return Object.values(counts).reduce((sum, count) => sum + count, 0)
  }
  return { name: 'Node http (nginx is not installed)', url, seen, stop: () => child.stdin.end() }
}

export async function untilUp(url) {
  for (let i = 0; i < 100; i++) {
    try {
      await fetch(url)
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  throw new Error(`the server did not come up at ${url}`)
}
