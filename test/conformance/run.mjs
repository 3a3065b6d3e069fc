// The same script on real k6 and on the native engine, each against a local server of its own, compared by what a
// person and a CI job see: exit code, checks, counters, metric names, thresholds, console and error lines.
//   node test/conformance/run.mjs [NAME ...]      names filter the scripts
//     --keep      shows both outputs of what differs        --jobs N    so many scripts at a time (2)
// Directives, at the head of a script; $SCRIPTS stands for this folder's scripts/, $URL for the target, $WORK for the
// working directory of the run (a fresh one for each side):
//   // k6: 2                               behaviour of this major version and later; left out when k6 is older
//   // k6-before: 2                        only k6 older than this major version has it; left out when k6 is newer
//   // needs-redis, -browser, -grpc        left out when the program is not there (needs.mjs)
//   // needs-tls                           left out when the target could not make a certificate (no openssl)
//   // command: inspect                    another command than `run`
//   // args: --vus 2 --iterations 4        more arguments for both
//   // env: K6_VUS=3                       environment for both
//   // ignore: vus, vus_max                metrics that need not agree (timing decides them)
//   // ignore-counts                       only names, verdicts and exit codes are compared (runs ended by the clock)
//   // ignore-log: REGEX                   log lines left out on both sides
//   // same-log                            the log is compared although counts are not
//   // ordered                             the log lines must come in the same order
//   // stdout                              standard output is compared too
//   // file: NAME                          a file that the script writes, compared byte by byte
//   // mask: REGEX                         matches are replaced by MASK before log, stdout and files are compared
//   // known-difference: KEY               differs on purpose; KEY must stand in docs/compatibility.md
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingNeed, provide, stopProvided } from './needs.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const scripts = join(here, 'scripts')
const argv = process.argv.slice(2)
const keep = argv.includes('--keep')
const jobs = argv.includes('--jobs') ? Number(argv.splice(argv.indexOf('--jobs'), 2)[1]) : 2
const names = argv.filter((arg) => !arg.startsWith('--'))
const k6 = findK6()
if (k6 === undefined) {
  process.stderr.write(
    'conformance: left out, because real k6 was not found (PW_K6, PATH, ~/.cache/perfwright/bin/k6). Build it: go install go.k6.io/k6@latest\n',
  )
  process.stdout.write('0 passed, 0 failed, 1 skipped\n')
  process.exit(0)
}
const k6Version = /v(\d+)\.\d+\.\d+/.exec(spawnSync(k6, ['version'], { encoding: 'utf8' }).stdout) ?? ['v0.0.0', '0']
// k6 1.x listens on one port for its API, which a second run beside it finds taken; it marks fewer lines with their source.
const isV1 = Number(k6Version[1]) < 2
const v1Flags = isV1 ? ['--address', '127.0.0.1:0'] : []
const compatibilityFile = join(root, 'docs', 'compatibility.md')
const compatibility = existsSync(compatibilityFile) ? readFileSync(compatibilityFile, 'utf8') : ''
const work = mkdtempSync(join(tmpdir(), 'pw-conformance-'))

process.stdout.write(`k6 ${k6Version[0]}\n`)
const files = readdirSync(scripts)
  .filter((file) => /\.(js|ts|cjs|mjs)$/.test(file))
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
  .sort()
const queue = [...files]
const failures = []
let [passed, skipped] = [0, 0]
try {
  await Promise.all(Array.from({ length: Math.max(1, Math.min(jobs, files.length)) }, (_, lane) => drain(lane)))
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.stdout.write(`\n${passed} passed, ${failures.length} failed, ${skipped} skipped\n`)
for (const file of failures.sort()) process.stdout.write(`  ${file}\n`)
process.exitCode = failures.length === 0 ? 0 : 1

/** One lane has two servers, so that neither side sees what the other did to its target. */
async function drain(lane) {
  const sides = await Promise.all(['k6', 'pw'].map((label) => startSide(join(work, `${label}-${lane}`))))
  try {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const directives = readDirectives(readFileSync(join(scripts, file), 'utf8'))
      const major = Number(directives.get('k6')?.[0] ?? 0)
      if (major > Number(k6Version[1])) {
        skipped++
        process.stdout.write(`skip ${file}: behaviour of k6 ${major}, this is ${k6Version[0]}\n`)
        continue
      }
      const before = Number(directives.get('k6-before')?.[0] ?? Infinity)
      const why = before <= Number(k6Version[1]) ? `k6 ${k6Version[0]} has it no more` : missingNeed(directives)
      if (why !== undefined) {
        skipped++
        process.stdout.write(`skip ${file}: ${why}\n`)
        continue
      }
      for (const side of sides) side.env = await provide(directives, side)
      if (directives.has('needs-tls') && sides.some((side) => side.tls === undefined)) {
        skipped++
        process.stdout.write(`skip ${file}: the target has no TLS, because openssl was not found\n`)
        continue
      }
      let differences = await compare(file, directives, sides)
      let tries = 1
      // Scripts that race with the clock may differ on a busy machine on either side; a real difference differs every time.
      for (; differences.length > 0 && tries < 5; tries++) differences = await compare(file, directives, sides)
      if (differences.length === 0) passed++
      else failures.push(file)
      process.stdout.write(
        `${differences.length === 0 ? 'ok  ' : 'DIFF'} ${file}${tries > 1 && differences.length === 0 ? `  (agreed at try ${tries})` : ''}\n${differences.map((line) => `       ${line}\n`).join('')}`,
      )
    }
  } finally {
    for (const side of sides) {
      side.server.stdin.end()
      stopProvided(side)
    }
  }
}

async function startSide(directory) {
  const server = spawn(process.execPath, [join(root, 'test', 'targets', 'web-server.mjs'), '--tls'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const { url, tls, h2 } = JSON.parse(await new Promise((resolve) => server.stdout.once('data', resolve)))
  return { server, url, tls, h2, directory }
}

function readDirectives(text) {
  const found = new Map()
  for (const [, name, value] of text.matchAll(/^\/\/ ([a-z][a-z0-9-]*)(?:: (.*))?$/gm))
    found.set(name, [...(found.get(name) ?? []), value ?? ''])
  return found
}

async function compare(file, directives, [theirSide, ourSide]) {
  const one = (name) => directives.get(name)?.[0]
  const command = one('command') ?? 'run'
  const request = {
    file,
    command,
    args: one('args') ?? '',
    env: one('env') ?? '',
    outputs: directives.get('file') ?? [],
  }
  const [theirs, ours] = await Promise.all([
    run(
      k6,
      command === 'run' ? ['run', '--no-usage-report', '--quiet', '--no-color', ...v1Flags] : [command],
      request,
      theirSide,
    ),
    run(
      process.execPath,
      [
        join(root, 'bin', 'perfwright.js'),
        command,
        ...(command === 'run'
          ? ['--quiet', '--no-color', '--no-observe', '--no-report', '--record', join(ourSide.directory, 'record')]
          : []),
      ],
      request,
      ourSide,
    ),
  ])
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
  const masks = (directives.get('mask') ?? []).map((source) => new RegExp(source, 'g'))
  const mask = (text) => masks.reduce((all, pattern) => all.replace(pattern, 'MASK'), text)
  const lines = (output, side) =>
    logLines(output, side)
      .map(mask)
      .filter((line) => !skip.some((pattern) => pattern.test(line)))
  const order = directives.has('ordered')
  if (!directives.has('ignore-counts') || directives.has('same-log'))
    diffLines('log', lines(theirs.stderr, theirSide), lines(ours.stderr, ourSide), differences, order)
  const plain = (text, side) =>
    mask(
      text
        .replaceAll(side.url, 'URL')
        .replaceAll(side.directory, 'WORK')
        .replace(/[ \t]+$/gm, '')
        .replace(/\n*\s*█ TRUST\n[\s\S]*$/, ''),
    )
      .trim()
      .split('\n')
      .map((line) => line.trimEnd())
  if (directives.has('stdout'))
    diffLines('stdout', plain(theirs.stdout, theirSide), plain(ours.stdout, ourSide), differences, order)
  for (const name of request.outputs) {
    if (theirs.files[name] === undefined) differences.push(`file ${name}: k6 did not write it`)
    diffLines(
      `file ${name}`,
      plain(theirs.files[name] ?? '(absent)', theirSide),
      plain(ours.files[name] ?? '(absent)', ourSide),
      differences,
      true,
    )
  }
  if (keep && differences.length > 0)
    process.stdout.write(`--- k6\n${theirs.stdout}${theirs.stderr}--- perfwright\n${ours.stdout}${ours.stderr}---\n`)
  const known = one('known-difference')
  if (known !== undefined) {
    if (!compatibility.includes(known)) return [`known difference "${known}" does not stand in docs/compatibility.md`]
    return differences.length > 0 ? [] : [`known difference "${known}" is gone: take the directive away`]
  }
  return differences
}

function run(command, head, request, side) {
  rmSync(side.directory, { recursive: true, force: true })
  mkdirSync(side.directory, { recursive: true })
  const fill = (text) =>
    text
      .replaceAll('$SCRIPTS', scripts)
      .replaceAll('$URL', side.url)
      .replaceAll('$WORK', side.directory)
      .split(' ')
      .filter(Boolean)
  const summaryFile = join(side.directory, 'summary-export.json')
  const summary = request.command === 'run' ? ['--summary-export', summaryFile] : []
  return new Promise((resolve) => {
    const child = spawn(command, [...head, ...summary, ...fill(request.args), join(scripts, request.file)], {
      cwd: side.directory,
      env: {
        ...process.env,
        K6_NO_USAGE_REPORT: 'true',
        BASE_URL: side.url,
        TLS_URL: side.tls ?? '',
        H2_URL: side.h2 ?? '',
        ...side.env,
        ...Object.fromEntries(fill(request.env).map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    child.on('close', (code) => {
      clearTimeout(timer)
      const summaryText = read(summaryFile)
      resolve({
        code,
        stdout,
        stderr,
        summary: summaryText === undefined ? undefined : JSON.parse(summaryText),
        files: Object.fromEntries(request.outputs.map((name) => [name, read(join(side.directory, name))])),
      })
    })
  })
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function compareNames(a, b, ignored, expect) {
  const names = (summary) =>
    Object.keys(summary?.metrics ?? {})
      .filter((name) => !ignored.has(name))
      .sort()
  expect('metric names', names(a), names(b))
  const sorted = (object) => Object.fromEntries(Object.entries(object).sort())
  const verdicts = (summary) =>
    Object.fromEntries(
      Object.entries(summary?.metrics ?? {})
        .filter(([, m]) => m.thresholds)
        .sort()
        .map(([name, m]) => [name, sorted(m.thresholds)]),
    )
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
        if (
          typeof theirs[field] === 'number' &&
          Math.abs(theirs[field] - ours[field]) > 0.005 * Math.abs(theirs[field])
        )
          expect(`${name}.${field}`, theirs[field], ours[field])
      }
    }
  }
}

function checksOf(group, path = '') {
  if (group === undefined) return []
  const own = Object.values(group.checks ?? {}).map((check) => [`${path}::${check.name}`, check.passes, check.fails])
  return [
    ...own,
    ...Object.values(group.groups ?? {}).flatMap((child) => [
      [`${path}::${child.name}/`],
      ...checksOf(child, `${path}::${child.name}`),
    ]),
  ].sort()
}

function diffLines(what, a, b, differences, ordered = false) {
  const [x, y] = ordered ? [a, b] : [[...a].sort(), [...b].sort()]
  const only = (left, right) => {
    const rest = [...right]
    return left.filter((line) => {
      const i = rest.indexOf(line)
      if (i >= 0) rest.splice(i, 1)
      return i < 0
    })
  }
  const [theirs, ours] = [only(x, y), only(y, x)]
  for (const line of theirs.slice(0, 8)) differences.push(`${what} only k6:         ${line}`)
  for (const line of ours.slice(0, 8)) differences.push(`${what} only perfwright: ${line}`)
  if (theirs.length + ours.length > 0) return
  const at = x.findIndex((line, i) => line !== y[i])
  if (at >= 0) differences.push(`${what} order, line ${at + 1}: k6 ${x[at]}  perfwright ${y[at]}`)
}

// Time, the offset of the byte code (`(29)`), k6's internal frames and, in 2.x, the hint are not for comparing. The rest
// that is levelled out here stands in docs/compatibility.md: error-codes, user-agent, javascript-messages, trust.
function logLines(text, side) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line
        .replace(/^time="[^"]*" /, '')
        .replace(/ hint="script exception"/, '')
        .replace(isV1 ? ' source=stacktrace' : '\0', '')
        .replace(/(:\d+:\d+)\(\d+\)/g, '$1')
        .replace(/\\tat [^\\]*\(native\)\\n/g, '')
        .replaceAll(side.url, 'URL')
        .replaceAll(side.url.replace('http://', ''), 'HOST')
        .replaceAll(side.tls || '\0', 'TLS')
        .replaceAll(side.h2 || '\0', 'H2')
        .replaceAll(side.h2?.replace('https://', '') || '\0', 'H2HOST')
        .replaceAll(side.tls?.replace('https://', '') || '\0', 'TLSHOST')
        .replaceAll(side.directory, 'WORK')
        .replace(/127\.0\.0\.1:\d+->(127\.0\.0\.1:\d+|HOST|TLSHOST)/g, 'SOCKETS')
        .replace(/Grafana k6\/[\d.]+|perfwright\/[\d.]+/g, 'AGENT')
        .replace(
          /^(.*msg=")PW_[A-Z_]+ {2}((?:[^"\\]|\\.)*?)( \((?:[^()"\\]|\\.)*\))?(\\n {2}Mend: (?:[^"\\]|\\.)*)?"(.*)$/,
          '$1$2"$5',
        )
        .replace(
          /Cannot read propert(?:y '([^']*)' of (?:undefined|null)|ies of (?:undefined|null) \(reading '([^']*)'\))/g,
          "Cannot read '$1$2'",
        )
        .replace(/(Cannot assign to read only property '[^']*') of object '[^']*'/g, '$1'),
    )
}

function findK6() {
  for (const path of [process.env.PW_K6, join(homedir(), '.cache', 'perfwright', 'bin', 'k6')]) {
    if (path !== undefined && existsSync(path)) return path
  }
  return spawnSync('k6', ['version']).status === 0 ? 'k6' : undefined
}
