// Converted scripts on real k6: the same file that our engine runs, against a site that checks every token.
//   PW_K6=/path/to/k6 node test/conformance/convert.mjs
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PASSWORD, startLoginSite } from '../targets/login-site.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const k6 = process.env.PW_K6 ?? 'k6'
const version = spawnSync(k6, ['version'], { encoding: 'utf8' })
if (version.error !== undefined) {
  process.stderr.write('convert conformance: left out, because real k6 was not found (PW_K6, PATH)\n')
  process.exit(0)
}
const isV1 = /v1\./.test(version.stdout)
const work = mkdtempSync(join(tmpdir(), 'pw-convert-'))
const perfwright = join(root, 'bin', 'perfwright.js')
let failed = 0

const site = await startLoginSite()
convert(join(root, 'test', 'fixtures', 'convert', 'login.har'), 'login.ts', ['--no-think'])
for (const engine of ['k6', 'ours']) {
  site.requests.length = 0
  const code = await run(engine, 'login.ts', [
    '--vus',
    '2',
    '--iterations',
    '6',
    '-e',
    `BASE_URL=${site.url}`,
    '-e',
    `PASSWORD=${PASSWORD}`,
  ])
  const problems = site.requests.flatMap(({ problem, path }) => (problem === undefined ? [] : [`${path}: ${problem}`]))
  verdict(
    `login.har on ${engine}`,
    code === 0 && problems.length === 0 && site.requests.length === 48,
    `exit ${code}, ${site.requests.length} requests, ${problems}`,
  )
}
await site.close()

const requests = []
const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString('latin1')
    const { 'content-type': type, authorization, accept, cookie, 'x-a': a } = request.headers
    const boundary = /boundary=([^;]+)/.exec(type ?? '')?.[1] ?? '\0'
    requests.push(
      JSON.stringify([
        request.method,
        request.url,
        type?.replace(boundary, 'B'),
        authorization,
        accept,
        cookie,
        a,
        body.replaceAll(boundary, 'B'),
      ]),
    )
    response.end('{"id":"from-answer-77","list":[{"a.b":"deep"}]}')
  })
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${server.address().port}`
writeFileSync(join(work, 'body.txt'), 'one\ntwo\n')
writeFileSync(
  join(work, 'commands.sh'),
  `curl '${url}/a?x=1&y' -H 'X-A: \`\${1}\`' -b 'sid=old'
curl -u u:pw-secret ${url}/form -d 'a=1&b=%C3%A9+x'
curl ${url}/json --json '{"n":[1,{"__proto__":2,"\\u2028":null}],"t":"O'"'"'Neil"}'
curl ${url}/up -F n=1 -F f=@body.txt
curl ${url}/raw -d @body.txt -H 'Content-Type: text/plain'
curl -X PROPFIND ${url}/dav
curl -I ${url}/head
curl -X DELETE ${url}/thing/17
`,
)
const variable = { key: 'base', value: url }
writeFileSync(
  join(work, 'postman.json'),
  JSON.stringify({
    info: { schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' },
    variable: [variable],
    item: [
      {
        name: 'one',
        event: [
          {
            listen: 'test',
            script: {
              exec: [
                "pm.environment.set('id', pm.response.json().id)",
                "pm.environment.set('deep', pm.response.json().list[0]['a.b'])",
              ],
            },
          },
        ],
        request: '{{base}}/first',
      },
      {
        name: 'two',
        request: {
          method: 'POST',
          url: '{{base}}/use/{{id}}?d={{deep}}',
          body: { mode: 'raw', raw: '{"id":"{{id}}"}' },
        },
      },
    ],
  }),
)
writeFileSync(
  join(work, 'api.json'),
  JSON.stringify({
    openapi: '3.1.0',
    servers: [{ url }],
    paths: {
      '/p/{id}': {
        put: {
          parameters: [{ in: 'path', name: 'id', example: 'a b' }],
          requestBody: { content: { 'application/json': { example: { s: "it's", n: 1.5, l: [] } } } },
          responses: { 200: {} },
        },
      },
    },
  }),
)
for (const [input, secrets] of [
  ['commands.sh', { COOKIE_SID: 'c', PASSWORD: 'p' }],
  ['postman.json', {}],
  ['api.json', {}],
]) {
  convert(join(work, input), `${input}.ts`, [])
  const env = Object.entries(secrets).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  const byEngine = []
  for (const engine of ['k6', 'ours']) {
    requests.length = 0
    const code = await run(engine, `${input}.ts`, ['--vus', '1', '--iterations', '1', ...env])
    byEngine.push([code, ...requests].join('\n'))
  }
  verdict(
    `${input}: k6 and ours send the same`,
    byEngine[0] === byEngine[1] && byEngine[0].startsWith('0\n'),
    `\nk6\n${byEngine[0]}\nours\n${byEngine[1]}`,
  )
}
server.close()
process.exitCode = failed === 0 ? 0 : 1

function convert(input, output, flags) {
  const { status, stderr } = spawnSync(
    process.execPath,
    [perfwright, 'convert', input, '-o', output, '--force', ...flags],
    { cwd: work, encoding: 'utf8' },
  )
  verdict(`convert ${output}`, status === 0, stderr)
}

function run(engine, script, flags) {
  const [program, own] =
    engine === 'k6'
      ? [k6, ['run', '--quiet', ...(isV1 ? ['--address', '127.0.0.1:0'] : [])]]
      : [process.execPath, [perfwright, 'run', '--quiet']]
  const child = spawn(program, [...own, ...flags, script], {
    cwd: work,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, BASE_URL: '' },
  })
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  child.stderr.on('data', (chunk) => (said += chunk))
  return new Promise((resolve) =>
    child.on('close', (code) => {
      if (code !== 0) process.stdout.write(said)
      resolve(code)
    }),
  )
}

function verdict(what, ok, detail) {
  if (!ok) failed++
  process.stdout.write(`${ok ? 'ok      ' : 'FAILED  '} ${what}${ok ? '' : `: ${detail}`}\n`)
}
