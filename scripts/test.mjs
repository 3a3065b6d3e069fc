// npm test: every test that needs nothing but Node. What needs other programs is said, never skipped in silence.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'test' },
  },
)

const has = (command, args = ['--version']) => spawnSync(command, args, { stdio: 'ignore' }).error === undefined
const k6 =
  process.env.PW_K6 !== undefined ||
  existsSync(join(homedir(), '.cache', 'perfwright', 'bin', 'k6')) ||
  has('k6', ['version'])
process.stdout.write('\nLeft out of npm test, because they need more than Node:\n')
process.stdout.write(
  `  npm run conformance   the same scripts on real k6 and on ours    real k6: ${k6 ? 'found' : 'not found (go install go.k6.io/k6@latest)'}\n`,
)
process.stdout.write(
  `  npm run bench         speed and memory beside k6, wrk, autocannon   wrk: ${has('wrk', ['-v']) ? 'found' : 'not found'}, nginx: ${has('nginx', ['-v']) ? 'found' : 'not found'}\n`,
)
process.stdout.write(
  `  npm run outputs       outputs against the real receivers, beside real k6   prometheus: ${has('prometheus') ? 'found' : 'not found'}, influxd: ${has('influxd', ['version']) ? 'found' : 'not found'}\n`,
)
const chromium = [process.env.K6_BROWSER_EXECUTABLE_PATH, 'chromium', 'google-chrome']
  .filter(Boolean)
  .some((name) => has(name))
process.stdout.write(
  `  tests of k6/browser and k6/experimental/redis, if the program is missing   chromium: ${chromium ? 'found, they ran' : 'not found'}, redis-server: ${has('redis-server') ? 'found, they ran' : 'not found'}\n`,
)
process.stdout.write('  .ci/run installs them and runs all of it.\n')
process.exitCode = status ?? 1
