// The same script on real k6 and on the native engine, against one local server, each compared by what a person and a
// CI job see: exit code, checks, counters, metric names, thresholds, console and error lines.
//   node test/conformance/run.mjs [NAME ...]      names filter the scripts;  --keep shows both outputs of what differs
// Directives, at the head of a script:
//   // args: --vus 2 --iterations 4        more arguments for both
//   // env: K6_VUS=3                       environment for both
//   // ignore: vus, vus_max                metrics that need not agree (timing decides them)
//   // ignore-counts                       only names, verdicts and exit codes are compared (runs ended by the clock)
//   // ignore-log: REGEX                   log lines left out on both sides
//   // stdout                              standard output is compared too
//   // known-difference: KEY               differs on purpose; KEY must stand in docs/compatibility.md
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const scripts = join(here, 'scripts')
const keep = process.argv.includes('--keep')
const names = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))
const k6 = findK6()
if (k6 === undefined) {
  process.stderr.write('conformance: left out, because real k6 was not found (PW_K6, PATH, ~/.cache/perfwright/bin/k6). Build it: go install go.k6.io/k6@latest\n')
  process.stdout.write('0 passed, 0 failed, 1 skipped\n')
  process.exit(0)
}
const compatibility = existsSync(join(root, 'docs', 'compatibility.md')) ? readFileSync(join(root, 'docs', 'compatibility.md'), 'utf8') : ''

const server = spawn(process.execPath, [join(root, 'test', 'targets', 'web-server.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] })
const { url } = JSON.parse(await new Promise((resolve) => server.stdout.once('data', resolve)))
const work = mkdtempSync(join(tmpdir(), 'pw-conformance-'))
let passed = 0
const failures = []
try {
  const files = readdirSync(scripts)
    .filter((file) => /\.(js|ts)$/.test(file) && !file.startsWith('_'))
    .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
    .sort()
  for (const file of files) {
    const differences = await compare(file)
    if (differences.length === 0) passed++
    else failures.push(file)
    process.stdout.write(`${differences.length === 0 ? 'ok  ' : 'DIFF'} ${file}\n${differences.map((line) => `       ${line}\n`).join('')}`)
  }
} finally {
  server.stdin.end()
  rmSync(work, { recursive: true, force: true })
}
process.stdout.write(`\n${passed} passed, ${failures.length} failed\n`)
process.exitCode = failures.length === 0 ? 0 : 1

async function compare(file) {
  const text = readFileSync(join(scripts, file), 'utf8')
  const directives = [...text.matchAll(/^\/\/ ([a-z-]+)(?:: (.*))?$/gm)].reduce((all, [, name, value]) => all.set(name, [...(all.get(name) ?? []), value ?? '']), new Map())
  const one = (name) => directives.get(name)?.[0]
  const known = one('known-difference')
  const args = (one('args') ?? '').split(' ').filter(Boolean)
  const env = Object.fromEntries((one('env') ?? '').split(' ').filter(Boolean).map((pair) => pair.split(/=(.*)/s).slice(0, 2)))
  await fetch(`${url}/reset-counts`)
  const theirs = await run(k6, ['run', '--no-usage-report', '--quiet', '--no-color'], file, args, env, 'k6')
  await fetch(`${url}/reset-counts`)
  const ours = await run(process.execPath, [join(root, 'bin', 'perfwright.js'), 'run', '--quiet', '--no-color', '--record', join(work, 'record')], file, args, env, 'pw')
  rmSync(join(work, 'record'), { recursive: true, force: true })
  const differences = []
  const expect = (what, a, b) => {
    const [x, y] = [JSON.stringify(a), JSON.stringify(b)]
    if (x !== y) differences.push(`${what}: k6 ${x}  perfwright ${y}`)
  }
  expect('exit code', theirs.code, ours.code)
  const ignored = new Set((directives.get('ignore') ?? []).flatMap((list) => list.split(/,\s*/)))
  if (directives.has('ignore-counts')) compareNames(theirs.summary, ours.summary, ignored, expect)
  else compareSummaries(theirs.summary, ours.summary, ignored, expect)
  const skip = (directives.get('ignore-log') ?? []).map((source) => new RegExp(source))
  const lines = (output) => logLines(output).filter((line) => !skip.some((pattern) => pattern.test(line)))
  if (!directives.has('ignore-counts')) diffLines('log', lines(theirs.stderr), lines(ours.stderr), differences)
  if (directives.has('stdout')) diffLines('stdout', theirs.stdout.trimEnd().split('\n'), ours.stdout.trimEnd().split('\n'), differences)
  if (keep && differences.length > 0) process.stdout.write(`--- k6\n${theirs.stdout}${theirs.stderr}--- perfwright\n${ours.stdout}${ours.stderr}---\n`)
  if (known !== undefined) {
    if (!compatibility.includes(known)) return [`known difference "${known}" does not stand in docs/compatibility.md`]
    return differences.length > 0 ? [] : [`known difference "${known}" is gone: take the directive away`]
  }
  return differences
}

function run(command, head, file, args, env, label) {
  const summaryFile = join(work, `${label}.json`)
  rmSync(summaryFile, { force: true })
  return new Promise((resolve) => {
    const child = spawn(command, [...head, '--summary-export', summaryFile, ...args, file], {
      cwd: scripts,
      env: { ...process.env, K6_NO_USAGE_REPORT: 'true', BASE_URL: url, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    child.on('close', (code) => {
      clearTimeout(timer)
      let summary
      try {
        summary = JSON.parse(readFileSync(summaryFile, 'utf8'))
      } catch {
        summary = undefined
      }
      resolve({ code, stdout, stderr, summary })
    })
  })
}

function compareNames(a, b, ignored, expect) {
  const names = (summary) => Object.keys(summary?.metrics ?? {}).filter((name) => !ignored.has(name)).sort()
  expect('metric names', names(a), names(b))
  const verdicts = (summary) => Object.fromEntries(Object.entries(summary?.metrics ?? {}).filter(([, m]) => m.thresholds).sort().map(([name, m]) => [name, m.thresholds]))
  expect('thresholds', verdicts(a), verdicts(b))
}

function compareSummaries(a, b, ignored, expect) {
  compareNames(a, b, ignored, expect)
  expect('checks', checksOf(a?.root_group), checksOf(b?.root_group))
  for (const [name, theirs] of Object.entries(a?.metrics ?? {})) {
    const ours = b?.metrics?.[name]
    if (ours === undefined || ignored.has(name)) continue
    expect(`fields of ${name}`, Object.keys(theirs).sort(), Object.keys(ours).sort())
    // Bytes depend on the Date header's neighbours and the user agent's length; counts and verdicts do not.
    if (name.startsWith('data_')) continue
    for (const field of ['count', 'passes', 'fails']) expect(`${name}.${field}`, theirs[field], ours[field])
    if (!/duration|http_req_|ws_|grpc_|vus/.test(name)) {
      for (const field of ['value', 'min', 'max', 'avg', 'med', 'p(90)', 'p(95)']) {
        if (typeof theirs[field] === 'number' && Math.abs(theirs[field] - ours[field]) > 0.005 * Math.abs(theirs[field])) expect(`${name}.${field}`, theirs[field], ours[field])
      }
    }
  }
}

function checksOf(group, path = '') {
  if (group === undefined) return []
  const own = Object.values(group.checks ?? {}).map((check) => [`${path}::${check.name}`, check.passes, check.fails])
  return [...own, ...Object.values(group.groups ?? {}).flatMap((child) => [[`${path}::${child.name}/`], ...checksOf(child, `${path}::${child.name}`)])].sort()
}

function diffLines(what, a, b, differences) {
  const [x, y] = [[...a].sort(), [...b].sort()]
  const only = (left, right) => {
    const rest = [...right]
    return left.filter((line) => {
      const i = rest.indexOf(line)
      if (i >= 0) rest.splice(i, 1)
      return i < 0
    })
  }
  for (const line of only(x, y).slice(0, 8)) differences.push(`${what} only k6:         ${line}`)
  for (const line of only(y, x).slice(0, 8)) differences.push(`${what} only perfwright: ${line}`)
}

// Time, the offset of the byte code (`(29)`), k6's internal frames and, in 2.x, the hint are not for comparing.
function logLines(text) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line
        .replace(/^time="[^"]*" /, '')
        .replace(/ hint="script exception"/, '')
        .replace(/(:\d+:\d+)\(\d+\)/g, '$1')
        .replace(/\\tat [^\\]*\(native\)\\n/g, '')
        .replaceAll(url, 'URL')
        .replaceAll(url.replace('http://', ''), 'HOST')
        .replace(/127\.0\.0\.1:\d+->127\.0\.0\.1:\d+/g, 'SOCKETS'),
    )
}

function findK6() {
  for (const path of [process.env.PW_K6, join(homedir(), '.cache', 'perfwright', 'bin', 'k6')]) {
    if (path !== undefined && existsSync(path)) return path
  }
  return spawnSync('k6', ['version']).status === 0 ? 'k6' : undefined
}
