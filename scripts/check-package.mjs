// Packs the package, installs the tarball in an empty folder without dev dependencies, and runs a script with it.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const folder = mkdtempSync(join(tmpdir(), 'pw-package-'))
const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
await once(server, 'listening')
try {
  must('npm', ['pack', '--silent', '--pack-destination', folder], root)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  must(
    'npm',
    ['install', '--no-audit', '--no-fund', '--loglevel=error', '--omit=optional', join(folder, tarball)],
    folder,
  )
  const port = server.address().port
  writeFileSync(
    join(folder, 'script.js'),
    `import http from 'k6/http'; import { check } from 'k6'; export const options = { iterations: 3, thresholds: { checks: ['rate==1'] } }; export default function () { check(http.get('http://127.0.0.1:${port}/'), { ok: (r) => r.status === 200 }) }`,
  )
  const code = await new Promise((resolve) => {
    spawn(join(folder, 'node_modules', '.bin', 'perfwright'), ['run', '--quiet', 'script.js'], {
      cwd: folder,
      stdio: 'inherit',
    }).on('close', resolve)
  })
  if (code !== 0) throw new Error(`perfwright run exited ${code}`)
  writeFileSync(
    join(folder, 'use.mjs'),
    "import { readRecord } from 'perfwright/record'; import { Sketch } from 'perfwright/stats'; if (typeof readRecord !== 'function' || typeof Sketch !== 'function') process.exit(1)",
  )
  must(process.execPath, ['use.mjs'], folder)
  process.stdout.write('1 passed, 0 failed\n')
} finally {
  server.close()
  rmSync(folder, { recursive: true, force: true })
}

function must(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited ${status}`)
}
