/** What no run can show: that nothing from outside ever becomes code, whatever it is. */
import { runInNewContext } from 'node:vm'
import { parse } from 'acorn'
import { transformSync } from 'esbuild'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { convert, type ConvertOptions, type Format } from './index.js'
import { commentText, identifier, quote, textLiteral } from './script/literal.js'
import { Code } from './script/model.js'

const options: ConvertOptions = {
  keepStatic: true,
  hosts: ['*'],
  maxThinkS: 30,
  sessionGapS: 1800,
  journeys: 5,
  rates: true,
  baseUrl: undefined,
}

/** Text with everything that ends a literal, a comment, a template or a line. */
const hostile = fc.oneof(
  fc.constantFrom(
    "'+PWNED()+'",
    '`+PWNED()+`',
    '${PWNED()}',
    '*/PWNED()/*',
    '\nPWNED()//',
    '\rPWNED()//',
    '\u2028PWNED()//',
    "\\'+PWNED()//",
    '\\`${PWNED()}',
    '\ud800PWNED()',
    '\u202ePWNED()',
    '"><script>PWNED()</script>',
    '{{PWNED()}}',
    '{{constructor}}',
    '__proto__',
    'constructor',
    'a::b',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom("'", '`', '\\', '$', '{', '}', '\n', '\r', '\u2028', '*', '/', '<', 'P'),
    maxLength: 20,
  }),
)

function assertHarmless(script: string): void {
  const { code } = transformSync(script, { loader: 'ts' })
  // A variable may be called so, when a name of the input says it; nothing calls it.
  const called: string[] = []
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    if (Array.isArray(node)) return node.forEach(walk)
    const { type, callee } = node as { type?: string; callee?: { name?: string } }
    if (type === 'CallExpression' && callee?.name !== undefined) called.push(callee.name)
    for (const value of Object.values(node)) walk(value)
  }
  walk(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }))
  expect(called.length).toBeGreaterThan(0)
  expect(called).not.toContain('PWNED')
  expect(script, 'no character that an editor or terminal obeys').not.toMatch(
    /[\u2028\u2029\u202a-\u202e\u2066-\u2069\0-\x08\x0b-\x1f]/,
  )
  expect(script).not.toMatch(/\p{Cs}/u)
}

async function converted(text: string, format: Format): Promise<string | undefined> {
  try {
    return (await convert(Buffer.from(text), 'input', format, options)).text
  } catch (error) {
    // Refused in our words, never with an exception of the language.
    expect((error as { code?: string }).code).toMatch(/^PW_CONVERT_/)
    return undefined
  }
}

describe('literals', () => {
  it('hold any text and give it back', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(runInNewContext(quote(text))).toBe(text)
        expect(runInNewContext(textLiteral([text, new Code('x'), text]), { x: '-' })).toBe(`${text}-${text}`)
        expect(commentText(text)).not.toMatch(/[\n\r\u2028\u2029]/)
      }),
    )
  })

  it('names are identifiers, and no two are alike', () => {
    const taken = new Set<string>()
    fc.assert(
      fc.property(hostile, (text) => {
        const name = identifier(text, taken)
        expect(taken.has(name)).toBe(false)
        taken.add(name)
        expect(runInNewContext(`(() => { 'use strict'; let ${name} = 1; return ${name} })()`)).toBe(1)
      }),
    )
  })
})

describe('hostile input never becomes code', () => {
  const runs = { numRuns: 60 }

  it('HAR', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 12, maxLength: 12 }), async (t) => {
        const [a, b, c, d, e, f, g, h, i, j, k, l] = t as [
          string,
          string,
          string,
          string,
          string,
          string,
          string,
          string,
          string,
          string,
          string,
          string,
        ]
        const entry = (body: object, mime: string): object => ({
          startedDateTime: '2026-01-01T00:00:00Z',
          pageref: 'p',
          _resourceType: 'document',
          request: {
            method: i,
            url: `http://h/${encodeURI(a.replace(/\p{Cs}/gu, ''))}?${b}=${c}`,
            headers: [
              { name: d, value: e },
              { name: 'X-Thing', value: f },
              { name: 'Cookie', value: `${g}=${h}` },
              { name: 'Content-Type', value: mime },
            ],
            postData: body,
          },
          response: {
            status: 200,
            headers: [{ name: 'Set-Cookie', value: `${k}=${l}` }],
            content: { mimeType: 'text/html', text: `<input type=hidden name="${a}" value="${e}">${j}` },
          },
        })
        const script = await converted(
          JSON.stringify({
            log: {
              creator: { name: j },
              pages: [{ id: 'p', title: k }],
              entries: [
                entry(
                  { text: JSON.stringify({ [a]: b, password: c, nested: { [d]: [e, 1, null] } }) },
                  'application/json',
                ),
                entry(
                  { text: `${encodeURIComponent(f.replace(/\p{Cs}/gu, ''))}=${g}` },
                  'application/x-www-form-urlencoded',
                ),
                entry(
                  { params: [{ name: h, value: i, fileName: j, contentType: k }] },
                  'multipart/form-data; boundary=x',
                ),
                entry({ text: l }, 'text/plain'),
              ],
            },
          }),
          'har',
        )
        if (script !== undefined) assertHarmless(script)
      }),
      runs,
    )
  })

  it('Postman', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 8, maxLength: 8 }), async (t) => {
        const [a, b, c, d, e, f, g, h] = t as [string, string, string, string, string, string, string, string]
        const script = await converted(
          JSON.stringify({
            info: { name: a },
            variable: [{ key: b, value: c }],
            item: [
              {
                name: d,
                item: [
                  {
                    name: e,
                    event: [
                      { listen: 'prerequest', script: { exec: [f] } },
                      {
                        listen: 'test',
                        script: { exec: [`pm.test(${JSON.stringify(g)}, () => pm.response.to.have.status(200))`, h] },
                      },
                      {
                        listen: 'test',
                        script: {
                          exec: `pm.environment.set(${JSON.stringify(h)}, pm.response.json()[${JSON.stringify(g)}])`,
                        },
                      },
                    ],
                    request: {
                      method: 'POST',
                      url: { raw: `{{${b}}}/${a}/:x?${c}=${d}`, variable: [{ key: 'x', value: e }] },
                      header: [
                        { key: f, value: g },
                        { key: 'X-A', value: h },
                      ],
                      body: { mode: 'raw', raw: f },
                    },
                  },
                ],
              },
            ],
          }),
          'postman',
        )
        if (script !== undefined) assertHarmless(script)
      }),
      runs,
    )
  })

  it('OpenAPI', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 8, maxLength: 8 }), async (t) => {
        const [a, b, c, d, e, f, g, h] = t as [string, string, string, string, string, string, string, string]
        const script = await converted(
          JSON.stringify({
            openapi: '3.0.0',
            info: { title: a },
            servers: [{ url: `https://h/${b}` }],
            security: [{ [c]: [] }],
            components: { securitySchemes: { [c]: { type: 'apiKey', in: 'query', name: d } } },
            paths: {
              [`/x/{${e}}`]: {
                post: {
                  tags: [f],
                  summary: g,
                  parameters: [
                    { name: e, in: 'path', example: h },
                    { name: a, in: 'query', required: true, example: { [b]: c } },
                    { name: d, in: 'header', required: true, example: e },
                  ],
                  requestBody: { content: { 'application/json': { example: { [f]: g, [h]: [a, { [b]: c }] } } } },
                  responses: { 200: { content: { [d]: {} } } },
                },
              },
            },
          }),
          'openapi',
        )
        if (script !== undefined) assertHarmless(script)
      }),
      runs,
    )
  })

  it('curl and access logs', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (a, b) => {
        const word = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
        for (const [text, format] of [
          [`curl http://h/x -H ${word(`X-A: ${a}`)} -d ${word(b)} -F ${word(`n=${a}`)}`, 'curl'],
          [`curl http://h/x --data-raw $'${a}' -A ${word(b)} -b ${word(`${a}=${b}`)}`, 'curl'],
          [
            `1.2.3.4 - - [12/Mar/2026:10:00:00 +0000] "GET /${a}?${b} HTTP/1.1" 200 1 "-" "${a}"\n${JSON.stringify({ method: 'GET', uri: `/${a}`, ip: b })}`,
            'log',
          ],
          [a + b, 'log'],
          [a + b, 'curl'],
        ] as const) {
          const script = await converted(text, format)
          if (script !== undefined) assertHarmless(script)
        }
      }),
      runs,
    )
  })

  it('any bytes as any format are converted or refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom<Format>('har', 'openapi', 'postman', 'curl', 'log'),
        async (bytes, format) => {
          try {
            await convert(bytes, 'input', format, options)
          } catch (error) {
            expect((error as { code?: string }).code).toMatch(/^PW_CONVERT_/)
          }
        },
      ),
    )
  })

  it('JSON of any shape is converted or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.constantFrom<Format>('har', 'openapi', 'postman'), async (value, format) => {
        const wrapped = {
          har: { log: { entries: value } },
          openapi: { openapi: '3.0.0', paths: value },
          postman: { item: value },
        }[format as 'har']
        for (const text of [JSON.stringify(value), JSON.stringify(wrapped)]) await converted(text, format)
      }),
    )
  })
})

describe('bounds', () => {
  it('depth, schemas that contain themselves, aliases of aliases and packed zeros are refused or cut', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    await expect(convert(Buffer.from(`{"log":{"entries":${deep}}}`), 'deep.har', 'har', options)).rejects.toMatchObject(
      { code: 'PW_CONVERT_TOO_LARGE' },
    )
    const loop = {
      openapi: '3.0.0',
      paths: {
        '/a': { $ref: '#/paths/~1a' },
        '/b': { post: { requestBody: { content: { 'application/json': { schema: { $ref: '#/s' } } } } } },
      },
      s: { type: 'array', items: { allOf: [{ $ref: '#/s' }, { $ref: '#/s' }] } },
    }
    expect((await convert(Buffer.from(JSON.stringify(loop)), 'loop.json', 'openapi', options)).text).toContain('/b')
    const bomb = `openapi: 3.0.0\na: &a [x,x,x,x,x,x,x,x]\n${'bcdefghij'
      .split('')
      .map((n, i) => `${n}: &${n} [${`*${'abcdefghij'[i]},`.repeat(8)}]`)
      .join('\n')}\npaths: {}`
    await expect(convert(Buffer.from(bomb), 'bomb.yaml', 'openapi', options)).rejects.toMatchObject({
      code: 'PW_CONVERT_TOO_LARGE',
    })
  })

  it('pages and texts that are made to be slow to read are read all the same', async () => {
    const slow = [
      `#\n${'\n'.repeat(200_000)}x`,
      '<input "'.repeat(100_000),
      `curl ${'\\\n'.repeat(100_000)}`,
      ' '.repeat(500_000),
    ]
    for (const text of slow) {
      const har = {
        log: {
          entries: [
            { request: { url: 'http://h/' }, response: { status: 200, content: { mimeType: 'text/html', text } } },
            { request: { url: 'http://h/a1b2c3d4e5f6a7b8c9' } },
          ],
        },
      }
      expect((await convert(Buffer.from(JSON.stringify(har)), 'slow.har', 'har', options)).summary.kept).toBe(2)
      await expect(convert(Buffer.from(text), 'slow', undefined, options)).rejects.toMatchObject({
        code: expect.stringMatching(/^PW_CONVERT_/) as string,
      })
    }
  })

  it('secrets never reach the script, in whichever place they come again', async () => {
    const secret = 'k3yOfTheWorld99xyz'
    const entry = (path: string, headers: object[], postData?: object): object => ({
      request: { method: postData ? 'POST' : 'GET', url: `http://h${path}`, headers, postData },
      response: { status: 200, content: {} },
    })
    const har = {
      log: {
        pages: [{ id: 'p', title: `Page ${secret}` }],
        entries: [
          entry(`/a/${secret}/b?ref=${secret}`, [{ name: 'X-Note', value: `see ${secret}!` }]),
          entry('/login', [{ name: 'Content-Type', value: 'application/json' }], {
            text: JSON.stringify({ user: 'a', password: secret, note: `is ${secret}` }),
          }),
          entry('/x', [
            { name: 'Authorization', value: `Basic ${Buffer.from(`me:${secret}`).toString('base64')}` },
            { name: 'Cookie', value: `sid=${secret}2` },
          ]),
        ],
      },
    }
    const { text } = await convert(Buffer.from(JSON.stringify(har)), 'in.har', 'har', options)
    expect(text).not.toContain(secret)
    expect(text).not.toContain(Buffer.from(`me:${secret}`).toString('base64'))
    expect(text).toContain('secrets.PASSWORD')
  })
})
