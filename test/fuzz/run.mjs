// Malformed input by the million against the protocol code: no crash, no hang, no growth of memory.
//   node test/fuzz/run.mjs http1 10000000             that many malformed responses
//   node test/fuzz/run.mjs http1 1e6 websocket 1e5    one protocol after the other, each in a process of its own
//   node test/fuzz/run.mjs all 100000                 every protocol that has a file here
//   PW_FUZZ_SEED=7 node test/fuzz/run.mjs http1 1000  the same cases again; without it the seed is the time
// A protocol is a file <name>.ts beside this one that exports `fuzz(run: FuzzRun)` (see protocol.ts). It ends with a line
// that says how long it took and what the memory was before and after; exit code 1 when anything went wrong.
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** A case that takes longer than this hangs. */
const silenceMs = 120_000
const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const known = readdirSync(here)
  .filter((file) => /^[a-z0-9-]+\.ts$/.test(file) && file !== 'protocol.ts' && file !== 'child.ts')
  .map((file) => file.slice(0, -3))

const runs = readArguments(process.argv.slice(2))
const seed = Number(process.env.PW_FUZZ_SEED ?? Date.now() % 2 ** 31)
let failed = 0
for (const { name, count } of runs) if (!(await runProtocol(name, count))) failed++
process.exitCode = failed === 0 ? 0 : 1

function readArguments(args) {
  const out = []
  for (let i = 0; i < args.length; i += 2) {
    const count = Number(args[i + 1])
    const names = args[i] === 'all' ? known : [args[i]]
    if (!(count > 0) || names.some((name) => !known.includes(name))) return usage()
    for (const name of names) out.push({ name, count })
  }
  return out.length === 0 ? usage() : out
}

function usage() {
  process.stderr.write(`usage: node test/fuzz/run.mjs PROTOCOL COUNT ...; protocols: all, ${known.join(', ')}\n`)
  process.exit(2)
}

async function runProtocol(name, count) {
  // In the module folder, so that what the bundle leaves outside is found from there.
  const dir = join(root, 'node_modules', '.cache', `perfwright-fuzz-${process.pid}`)
  mkdirSync(dir, { recursive: true })
  const file = join(dir, `${name}.mjs`)
  try {
    await build({
      stdin: {
        contents: `import { fuzz } from './${name}.js'\nimport { child } from './child.js'\nawait child(fuzz)\n`,
        resolveDir: here,
        loader: 'ts',
      },
      outfile: file,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      conditions: ['source'],
      packages: 'external',
      sourcemap: 'inline',
      logLevel: 'warning',
    })
    return await watch(name, count, file)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function watch(name, count, file) {
  return new Promise((resolve) => {
    const flags = ['--expose-gc', '--enable-source-maps', file, String(count), String(seed)]
    const child = spawn(process.execPath, flags, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let done = 0
    let problem = 'it ended without a word'
    let silence
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(() => {
        problem = `hung after case ${done}`
        child.kill('SIGKILL')
      }, silenceMs)
    }
    heard()
    child.on('message', (message) => {
      heard()
      if (message.done !== undefined) {
        const tenth = Math.floor((message.done / count) * 10)
        if (tenth > Math.floor((done / count) * 10)) process.stderr.write(`${name}: ${message.done} of ${count}\n`)
        done = message.done
      }
      if (message.problem !== undefined) problem = message.problem
      if (message.result === undefined) return
      problem = ''
      const { cases, seconds, before, after, outcomes } = message.result
      const memory = (m) => `${mb(m.rss)} MB RSS, ${mb(m.live)} MB live`
      process.stdout.write(
        `${name}: ${cases} cases in ${seconds.toFixed(1)} s; before ${memory(before)}; after ${memory(after)}; ` +
          `${JSON.stringify(outcomes)} (seed ${seed})\n`,
      )
    })
    child.on('close', (code, signal) => {
      clearTimeout(silence)
      const ok = problem === '' && code === 0
      if (!ok) {
        const why = problem === '' ? `exit code ${code}` : problem
        process.stdout.write(
          `${name}: FAILED after case ${done} of ${count}: ${why}${signal ? ` (${signal})` : ''} (seed ${seed})\n`,
        )
      }
      resolve(ok)
    })
  })
}

function mb(bytes) {
  return (bytes / 1_048_576).toFixed(1)
}
