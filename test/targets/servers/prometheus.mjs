// A real Prometheus that scrapes itself, on a free port in a temporary folder, for tests.
//   const server = await startPrometheus(); ...; await server.stop()
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, freePort, serverFolder, startServer } from './process.mjs'

/** @type {string | undefined} why there is none here, with the line that installs it */
export const prometheusMissing = findProgram('prometheus')
  ? undefined
  : 'Prometheus is not installed: apt-get install prometheus'

export async function startPrometheus() {
  if (prometheusMissing) throw new Error(prometheusMissing)
  const dir = serverFolder('pw-prometheus-', {})
  const port = await freePort()
  const scrape = `{ job_name: self, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }`
  writeFileSync(join(dir, 'config.yml'), `global: { scrape_interval: 1s }\nscrape_configs: [${scrape}]\n`)
  const server = await startServer({
    program: findProgram('prometheus'),
    args: [
      `--config.file=${join(dir, 'config.yml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    dir,
    user: {},
    isReady: async () => {
      try {
        return (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok
      } catch {
        return false
      }
    },
  })
  return { url: `http://127.0.0.1:${port}`, host: '127.0.0.1', port, dir, pid: server.pid, stop: server.stop }
}
