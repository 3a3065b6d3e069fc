/** Every converted script is run: what arrives at a real server is what was recorded or written. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
// @ts-expect-error a plain module, shared with the script that records the fixture
import { PASSWORD, startLoginSite } from '../targets/login-site.mjs'
import { folder, perfwright } from './cli.js'

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'convert')

interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

let seen: Seen[] = []
let server: Server
let url = ''
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = request.url ?? ''
      seen.push({ method: request.method ?? '', path, headers: request.headers, body: Buffer.concat(chunks) })
      if (path.startsWith('/token')) return response.end('{"data":{"access":"from-the-server-1"}}')
      response.setHeader('content-type', 'application/json')
      response.statusCode = /^(\/v1)?\/made/.test(path) ? 201 : 200
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())
beforeEach(() => {
  seen = []
})

/** Converts, runs one iteration, and answers with what was said on the way. */
async function convertAndRun(
  input: { readonly name: string; readonly text: string },
  given: {
    readonly flags?: readonly string[]
    readonly env?: Readonly<Record<string, string>>
    readonly cwd?: string
  } = {},
): Promise<{ script: string; said: string; cwd: string }> {
  const cwd = given.cwd ?? folder({})
  writeFileSync(join(cwd, input.name), input.text)
  const converted = await perfwright(['convert', input.name, '-o', 'script.ts', ...(given.flags ?? [])], { cwd })
  expect(converted.stderr, converted.stderr).toContain('written to script.ts')
  expect(converted.code).toBe(0)
  const script = readFileSync(join(cwd, 'script.ts'), 'utf8')
  const env = Object.entries(given.env ?? {}).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  const run = await perfwright(['run', '--quiet', '--vus', '1', '--iterations', '1', ...env, 'script.ts'], {
    cwd,
    // vitest has a variable of this name for itself, and scripts see the environment.
    env: { BASE_URL: '' },
  })
  expect(run.code, `${script}\n${run.stdout}\n${run.stderr}`).toBe(0)
  expect(run.stderr).not.toContain('level=error')
  return { script, said: converted.stderr, cwd }
}

describe('perfwright convert: HAR', () => {
  const har = readFileSync(join(fixtures, 'login.har'), 'utf8')

  it('replays a login that Chromium recorded: tokens, keys and cookies are fresh, and the site is content', async () => {
    const site = await startLoginSite()
    try {
      const { script, said } = await convertAndRun(
        { name: 'login.har', text: har },
        { env: { BASE_URL: site.url, PASSWORD }, flags: ['--no-think'] },
      )
      const requests = site.requests as {
        method: string
        path: string
        problem?: string
        body: string
        headers: IncomingHttpHeaders
      }[]
      expect(requests.filter(({ problem }) => problem !== undefined)).toEqual([])
      expect(
        requests.map(
          ({ method, path }) => `${method} ${path.replace(/\d{4,}/, 'N').replace(/receipt=.*/, 'receipt=R')}`,
        ),
      ).toEqual([
        'GET /',
        'GET /login?from=home',
        'POST /login',
        'GET /account',
        'GET /api/items',
        'GET /api/recommendations',
        'POST /api/orders',
        'GET /api/orders/N?receipt=R',
      ])
      const recorded = (
        JSON.parse(har) as { log: { entries: { request: { url: string; postData?: { text: string } } }[] } }
      ).log.entries
      const order = recorded.find(({ request }) => request.url.endsWith('/api/orders'))!.request.postData!.text
      expect(Buffer.from(requests[6]!.body, 'latin1').toString()).toBe(order)
      expect(requests[6]!.headers).toMatchObject({ 'content-type': 'application/json', origin: site.url })
      expect(said).toContain('correlated csrf, from GET /login')
      expect(script).not.toContain(PASSWORD)
    } finally {
      await site.close()
    }
  })

  it('goes on working for many iterations and VUs at once', async () => {
    const site = await startLoginSite()
    try {
      const cwd = folder({ 'login.har': har })
      await perfwright(['convert', 'login.har', '--no-think', '-o', 'script.ts'], { cwd })
      const env = ['-e', `BASE_URL=${site.url}`, '-e', `PASSWORD=${PASSWORD}`]
      const { code, stderr } = await perfwright(
        ['run', '--quiet', '--vus', '4', '--iterations', '20', ...env, 'script.ts'],
        { cwd },
      )
      expect(stderr).not.toContain('level=error')
      expect(code).toBe(0)
      expect(site.requests).toHaveLength(20 * 8)
      expect(site.requests.filter(({ problem }: { problem?: string }) => problem !== undefined)).toEqual([])
    } finally {
      await site.close()
    }
  })

  it('asks for its secrets by name before anything is sent', async () => {
    const cwd = folder({ 'login.har': har })
    await perfwright(['convert', 'login.har', '-o', 'script.ts'], { cwd })
    const { code, stderr } = await perfwright(['run', '--quiet', '--vus', '1', '--iterations', '1', 'script.ts'], {
      cwd,
    })
    expect(code).toBe(107)
    expect(stderr).toContain('give -e NAME=value for: PASSWORD')
  })

  it('sends bodies in gzip, base64 and multipart, custom methods, and cookies from before the recording', async () => {
    const packed = gzipSync('{"packed":true}').toString('base64')
    const entry = (method: string, path: string, more: object, headers: object[] = []): object => ({
      startedDateTime: '2026-01-01T00:00:00Z',
      time: 5,
      request: { method, url: `${url}${path}`, headers, ...more },
      response: { status: 200, headers: [], content: {} },
    })
    const type = (value: string): object[] => [{ name: 'Content-Type', value }]
    const multipart =
      '--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--X\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--X--\r\n'
    const text = JSON.stringify({
      log: {
        entries: [
          entry('POST', '/packed', { postData: { mimeType: 'application/json', encoding: 'base64', text: packed } }, [
            ...type('application/json'),
            { name: 'Content-Encoding', value: 'gzip' },
            { name: 'Cookie', value: 'sid=before-1234; _ga=tracker' },
          ]),
          entry(
            'POST',
            '/bytes',
            { postData: { encoding: 'base64', text: 'AAECAwT//g==' } },
            type('application/octet-stream'),
          ),
          entry(
            'POST',
            '/parts',
            { postData: { mimeType: 'multipart/form-data; boundary=X', text: multipart } },
            type('multipart/form-data; boundary=X'),
          ),
          entry('PROPFIND', '/dav', {}, [{ name: 'Depth', value: '1' }]),
          entry(
            'POST',
            '/form',
            { postData: { text: 'b=2&a=%C3%A9+x&a2=' } },
            type('application/x-www-form-urlencoded'),
          ),
          entry('POST', '/dup', { postData: { text: 'a=1&a=2' } }, type('application/x-www-form-urlencoded')),
          entry('GET', '/q?x=%2F&y&z=a+b', {}),
        ],
      },
    })
    const { script } = await convertAndRun({ name: 'bodies.har', text }, { env: { COOKIE_SID: 'given' } })
    expect(script).not.toContain('before-1234')
    const [packedSeen, bytes, parts, dav, form, dup, query] = seen as [Seen, Seen, Seen, Seen, Seen, Seen, Seen]
    expect(packedSeen.headers).toMatchObject({ 'content-encoding': 'gzip', cookie: 'sid=given' })
    expect([...bytes.body]).toEqual([0, 1, 2, 3, 4, 255, 254])
    expect(bytes.headers['content-type']).toBe('application/octet-stream')
    expect(parts.body.toString()).toContain('name="f"; filename="n.txt"\r\nContent-Type: text/plain\r\n\r\nhello')
    expect(parts.body.toString()).toMatch(/name="a"\r\n\r\n1/)
    expect([dav.method, dav.headers['depth']]).toEqual(['PROPFIND', '1'])
    expect([...new URLSearchParams(form.body.toString())].sort()).toEqual([
      ['a', 'é x'],
      ['a2', ''],
      ['b', '2'],
    ])
    expect(dup.body.toString()).toBe('a=1&a=2')
    expect(query.path).toBe('/q?x=%2F&y&z=a+b')
  })
})

describe('perfwright convert: curl', () => {
  const hasCurl = spawnSync('curl', ['--version']).error === undefined
  const commands = (at: string): string => `
# a comment
curl '${at}/plain?x=1' -H 'Accept: text/html' -A 'me/1.0' --compressed
curl -X POST "${at}/json" -H "Content-Type: application/json" \\
  --data-raw $'{"name":"O\\'Neil \\u00e9","n":[1,2,{"a":null}]}'
curl ${at}/form -d a=1 -d 'b=two words' --data-urlencode 'c=x&y=\`\${z}' -e ${at}/from
curl -G ${at}/search --data-urlencode 'q=a b' -d p=2 ; curl --json '{"x": 1}' ${at}/j
curl -T body.txt ${at}/put --next ${at}/binary --data-binary @body.txt
curl -d @body.txt -H 'Content-Type: text/plain' ${at}/data
curl -XDELETE ${at}/thing/17 -H 'X-Empty;' -H 'If-Match: "a"'
curl -I ${at}/head
curl -F name=x -F 'file=@body.txt;type=text/plain;filename=up.txt' ${at}/up
curl -u bob:s3cret -b 'theme=dark; sid=9' ${at}/auth
`
  const shape = ({ method, path, headers, body }: Seen): object => ({
    method,
    path,
    type: headers['content-type']?.replace(/boundary=.*/, 'boundary'),
    accept: headers.accept,
    agent: headers['user-agent']?.startsWith('me/') === true ? headers['user-agent'] : undefined,
    referer: headers.referer,
    authorization: headers.authorization,
    cookie: headers.cookie?.split('; ').sort(),
    match: headers['if-match'],
    body:
      headers['content-type'] === 'application/x-www-form-urlencoded' && body.includes('=')
        ? [...new URLSearchParams(body.toString())].sort()
        : body
            .toString()
            .replace(/^--.*$/gm, '--')
            .replace(/\r\n/g, '\n'),
  })

  it.skipIf(!hasCurl)('sends what curl itself sends, for every option', async () => {
    const cwd = folder({ 'body.txt': 'line one\nline two\n' })
    const text = commands(url)
    // Asynchronous, because the server is in this process.
    const code = await new Promise<number | null>((resolve) =>
      spawn(
        'bash',
        ['-c', text.replaceAll('curl ', 'curl -s -o /dev/null ').replaceAll('--next', '--next -s -o /dev/null')],
        { cwd, stdio: 'ignore' },
      ).on('close', resolve),
    )
    expect(code).toBe(0)
    const byCurl = seen.map(shape)
    expect(byCurl).toHaveLength(12)
    seen = []
    await convertAndRun(
      { name: 'commands.sh', text },
      { cwd, env: { PASSWORD: 's3cret', COOKIE_THEME: 'dark', COOKIE_SID: '9' } },
    )
    expect(seen.map(shape)).toEqual(
      byCurl.map((one) => ({
        ...one,
        ...((one as { accept?: string }).accept === '*/*' ? { accept: undefined } : {}),
      })),
    )
  })

  it('keeps secrets of a command out of the script, and takes certificates as -k says', async () => {
    const { script } = await convertAndRun(
      { name: 'one.sh', text: `curl -k ${url}/x -u bob:s3cret-pass -H 'X-Api-Key: abcdef0123456789'` },
      { env: { PASSWORD: 'p', X_API_KEY: 'k' } },
    )
    expect(script).toContain('insecureSkipTLSVerify: true')
    expect(script).not.toMatch(/s3cret-pass|abcdef0123456789|Ym9iOnMz/)
    expect(seen[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('bob:p').toString('base64')}`,
      'x-api-key': 'k',
    })
  })
})

describe('perfwright convert: Postman', () => {
  it('runs folders as groups with variables, authorization, checks and values kept from answers', async () => {
    const test = (lines: string[]): object[] => [{ listen: 'test', script: { exec: lines } }]
    const collection = {
      info: { name: 'Shop "API" */', schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' },
      auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}' }] },
      variable: [
        { key: 'baseUrl', value: url },
        { key: 'page', value: '7' },
      ],
      item: [
        {
          name: 'Log in',
          event: [
            { listen: 'prerequest', script: { exec: ['console.log("before */ `${x}`")'] } },
            ...test([
              "pm.test('is 200', () => { pm.response.to.have.status(200) })",
              'const json = pm.response.json()',
              "pm.collectionVariables.set('token', json.data.access)",
            ]),
          ],
          request: {
            method: 'POST',
            auth: {
              type: 'basic',
              basic: [
                { key: 'username', value: 'ada' },
                { key: 'password', value: 'postman-secret-1' },
              ],
            },
            url: { raw: '{{baseUrl}}/token?at={{$timestamp}}', query: [{ key: 'at', value: '{{$timestamp}}' }] },
            body: {
              mode: 'urlencoded',
              urlencoded: [
                { key: 'grant', value: 'x' },
                { key: 'off', value: 'y', disabled: true },
              ],
            },
          },
        },
        {
          name: 'Orders :: all',
          item: [
            {
              name: 'Make one',
              event: test([
                "pm.test('made', function () { pm.expect(pm.response.code).to.eql(201) })",
                "pm.test('odd', () => { somethingElse() })",
              ]),
              request: {
                method: 'POST',
                header: [{ key: 'X-Page', value: 'p{{page}}' }],
                url: { raw: '{{baseUrl}}/made/:kind', variable: [{ key: 'kind', value: 'big one' }] },
                body: {
                  mode: 'raw',
                  raw: '{\n  "a": "{{page}}",\n  "b": [1]\n}',
                  options: { raw: { language: 'json' } },
                },
              },
            },
            { name: 'List', request: `{{baseUrl}}/list?limit=2` },
          ],
        },
      ],
    }
    const { script, said } = await convertAndRun(
      { name: 'shop.postman_collection.json', text: JSON.stringify(collection) },
      { env: { PASSWORD: 'given' } },
    )
    const [token, made, list] = seen as [Seen, Seen, Seen]
    expect(token.path).toMatch(/^\/token\?at=\d{10}$/)
    expect(token.body.toString()).toBe('grant=x')
    expect(token.headers.authorization).toBe(`Basic ${Buffer.from('ada:given').toString('base64')}`)
    expect(made).toMatchObject({ method: 'POST', path: '/made/big%20one' })
    expect(made.body.toString()).toBe('{"a":"7","b":[1]}')
    expect(made.headers).toMatchObject({
      'x-page': 'p7',
      authorization: 'Bearer from-the-server-1',
      'content-type': 'application/json',
    })
    expect([list.path, list.headers.authorization]).toEqual(['/list?limit=2', 'Bearer from-the-server-1'])
    expect(script).toContain("group('Orders : all'")
    expect(script).not.toContain('postman-secret-1')
    expect(said).toContain('the pre-request script is kept as a comment')
  })
})

describe('perfwright convert: OpenAPI', () => {
  it('calls every operation once, with examples, made-up values and credentials', async () => {
    const document = `
openapi: 3.1.0
info: { title: Pets, version: "1" }
servers: [{ url: "${url}/v1" }]
security: [{ key: [] }]
paths:
  /pets/{petId}:
    parameters:
      - { name: petId, in: path, required: true, schema: { type: integer, minimum: 5 } }
    get:
      tags: [pets]
      parameters:
        - { name: tags, in: query, required: true, schema: { type: array, items: { type: string, enum: [a, b] } } }
        - { name: skip, in: query, schema: { type: integer } }
        - { name: X-Trace, in: header, required: true, example: t1, schema: { type: string } }
      responses: { "200": { content: { application/json: {} } } }
    put:
      tags: [pets]
      requestBody: { $ref: "#/components/requestBodies/Pet" }
      responses: { "200": {}, "204": {} }
  /made:
    post:
      security: [{ basic: [] }]
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: { type: object, properties: { when: { type: string, format: date }, n: { type: integer } } }
      responses: { "201": {} }
components:
  securitySchemes:
    key: { type: apiKey, in: header, name: X-Key }
    basic: { type: http, scheme: basic }
  requestBodies:
    Pet: { content: { application/json: { schema: { $ref: "#/components/schemas/Pet" } } } }
  schemas:
    Pet:
      type: object
      required: [name, parent]
      properties:
        id: { type: integer, readOnly: true }
        name: { type: string, examples: ["Rex \`\${1}\`"] }
        parent: { $ref: "#/components/schemas/Pet" }
        kind: { allOf: [{ type: object, properties: { a: { type: boolean } } }, { $ref: "#/components/schemas/Kind" }] }
    Kind: { type: object, properties: { b: { type: ["string", "null"], format: uuid } } }
`
    const { script } = await convertAndRun(
      { name: 'pets.yaml', text: document },
      { env: { KEY: 'k1', BASIC_USER: 'u', BASIC_PASSWORD: 'p' } },
    )
    const [get, put, made] = seen as [Seen, Seen, Seen]
    expect(get).toMatchObject({ method: 'GET', path: '/v1/pets/5?tags=a' })
    expect(get.headers).toMatchObject({ 'x-trace': 't1', 'x-key': 'k1', accept: 'application/json' })
    expect(put).toMatchObject({ method: 'PUT', path: '/v1/pets/5' })
    const pet = JSON.parse(put.body.toString()) as { name: string; id?: number; parent: { name: string }; kind: object }
    expect(pet.name).toBe('Rex `${1}`')
    expect(pet.id).toBeUndefined()
    expect(pet.parent.name).toBe('Rex `${1}`')
    expect(pet.kind).toEqual({ a: true, b: '3fa85f64-5717-4562-b3fc-2c963f66afa6' })
    expect(made.headers.authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`)
    expect(made.body.toString()).toBe('n=1&when=2026-01-15')
    expect(script).toContain("tags: { name: '/pets/{petId}' }")
  })
})

describe('perfwright convert: access log', () => {
  it('turns sessions into weighted journeys, at the rate of the log', async () => {
    const line = (client: number, second: number, request: string, status = 200): string =>
      `10.0.0.${client} - - [12/Mar/2026:10:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')} +0100] "${request} HTTP/1.1" ${status} 512 "-" "agent ${client}"`
    const lines: string[] = []
    for (let client = 0; client < 30; client++) {
      lines.push(line(client, client * 4, 'GET /'), line(client, client * 4 + 1, 'GET /style.css'))
      if (client % 3 === 0) lines.push(line(client, client * 4 + 3, `GET /product/${client}?ref=a`))
    }
    lines.push('not a request at all', line(99, 5, 'GET /wp-login.php', 404))
    const { script, said } = await convertAndRun(
      { name: 'access.log', text: lines.join('\n') },
      { flags: ['--base-url', url, '--rates', '--no-think'] },
    )
    expect(said).toContain('2 of 2 journeys, 100 % of 30 sessions')
    expect(script).toContain("executor: 'ramping-arrival-rate'")
    expect(script).toContain('33.3 % of the sessions')
    expect(script).toContain("tags: { name: '/product/{id}' }")
    expect(script).not.toMatch(/style\.css|wp-login/)
    expect(seen[0]?.path).toBe('/')
  })
})

describe('perfwright convert: inputs that cannot be read', () => {
  it('names the place and the mend', async () => {
    const cwd = folder({
      'cut.har': '{"log": {"entries": [\n  {"request": ',
      'wrong.har': '{"log": {"entries": [{"request": {"method": "GET"}}]}}',
      'open.sh': "curl 'http://x/",
      'bad.yaml': 'openapi: 3.0.0\npaths:\n  /a: [\n',
      'empty.har': '{"log": {"entries": []}}',
      'what.bin': 'nothing in particular',
      'loop.yaml': `openapi: 3.0.0\na: &a [${'*b,'.repeat(2)}1]\n`,
    })
    const said = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await perfwright(['convert', ...args], { cwd })
      expect(code).toBe(2)
      expect(stderr).toContain('Mend:')
      return stderr
    }
    expect(await said('cut.har')).toMatch(/PW_CONVERT_INPUT.*cut\.har:2:15/)
    expect(await said('wrong.har')).toContain('wrong.har#/log/entries/0/request/url')
    expect(await said('open.sh')).toContain('open.sh:1:6')
    expect(await said('bad.yaml')).toContain('bad.yaml:')
    expect(await said('loop.yaml')).toContain('loop.yaml')
    expect(await said('empty.har')).toContain('PW_CONVERT_EMPTY')
    expect(await said('what.bin')).toContain('PW_CONVERT_FORMAT')
    expect(await said('nowhere.har')).toContain('PW_CONVERT_INPUT')
    expect(await said('empty.har', '--from', 'word')).toContain('PW_CONVERT_USAGE')
  })

  it('does not overwrite a script, unless told to', async () => {
    const cwd = folder({ 'a.sh': `curl ${url}/x`, 'a.ts': 'mine' })
    expect((await perfwright(['convert', 'a.sh', '-o', 'a.ts'], { cwd })).stderr).toContain('--force')
    expect(readFileSync(join(cwd, 'a.ts'), 'utf8')).toBe('mine')
    expect((await perfwright(['convert', 'a.sh', '-o', 'a.ts', '--force'], { cwd })).code).toBe(0)
  })
})
