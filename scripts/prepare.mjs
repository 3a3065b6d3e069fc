// Makes a checkout runnable: installs when package-lock.json changed, builds when a source changed. Quick when neither did.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const quiet = process.argv.includes('--quiet')

const lock = hash([readFileSync(join(root, 'package-lock.json'))])
const installed = join(root, 'node_modules', '.perfwright-lock')
if (read(installed) !== lock) {
  say('Installing packages (once) ...')
  // Not `npm ci`: it refuses a lock file without the other platforms' optional binaries, which some mirrors do not carry.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'])
  mkdirSync(dirname(installed), { recursive: true })
  writeFileSync(installed, lock)
}

const sources = files(join(root, 'src')).filter((file) => !file.endsWith('.test.ts'))
const built = join(root, 'dist', '.built')
const state = hash([
  lock,
  ...sources.map((file) => `${relative(root, file)} ${statSync(file).mtimeMs} ${statSync(file).size}`),
])
if (read(built) !== state) {
  say('Building ...')
  run(process.execPath, [join(root, 'scripts', 'build.mjs')])
  writeFileSync(built, state)
}

function files(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)]))
    .sort()
}

function hash(parts) {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part).update('\0')
  return sum.digest('hex')
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'inherit'],
  })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

function say(text) {
  process.stderr.write(`${text}\n`)
}
