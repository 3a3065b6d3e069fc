import { describe, expect, it } from 'vitest'
import { createTestScope, type TestScope } from '../data/testing/scope.js'
import { createFsModule } from '../fs/index.js'
import { createCsvModule } from './index.js'

const files = {
  'data.csv': 'a,b,c\n1,2,3\n4,"5,x",6\n7,8,9\n',
  'ragged.csv': 'a,b\n1\n2,3,4\n5,6\n',
  'quotes.csv': 'a,b\n"x ""q"" y","l1\nl2"\n  sp , "z"\n',
  'badquote.csv': 'a,b\n"x,y\n1,2\n',
  'bare.csv': 'a,b\nx"y,z\n"q"r,1\n',
  'after.csv': 'a,b\n"q"r,1\n',
  'empty.csv': '',
  'crlf.csv': 'a,b\r\n1,2\r\n"x\r\ny",3\r\n',
  'blank.csv': 'a,b\n\n1,2\n   \n\n',
  'bom.csv': '\ufeffa,b\n1,2\n',
  'hdronly.csv': 'a,b\n',
  'dup.csv': 'a,a\n1,2\n',
  'bytes.csv': Buffer.from('612cff0a312c32', 'hex'),
  'trail.csv': 'a,b,\n1,,\n',
}

function scopeWithFiles(): TestScope {
  return createTestScope({
    files: Object.fromEntries(Object.entries(files).map(([name, text]) => [`file:///s/${name}`, text])),
  })
}

async function run(source: string, scope: TestScope = scopeWithFiles()): Promise<unknown> {
  const modules = { ...createCsvModule(scope), fopen: createFsModule(scope)['open'] }
  const text = scope.run(
    `(async () => { try { return JSON.stringify(await (${source})()) } catch (e) { return String(e) } })()`,
    modules,
  )
  return text as Promise<unknown>
}
const parse = (file: string, options = ''): Promise<unknown> =>
  run(`async () => parse(await fopen('${file}.csv')${options === '' ? '' : `, ${options}`})`)

const all = [
  ['a', 'b', 'c'],
  ['1', '2', '3'],
  ['4', '5,x', '6'],
  ['7', '8', '9'],
]

describe('csv.parse', () => {
  // As k6 2.2 answered.
  it.each([
    ['', all],
    ['{ skipFirstLine: true }', all.slice(1)],
    ['{ fromLine: 2 }', all.slice(2)],
    ['{ fromLine: 0 }', all],
    ['{ toLine: 2 }', all.slice(0, 3)],
    ['{ toLine: 0 }', all],
    ['{ fromLine: 1, toLine: 2 }', all.slice(1, 3)],
    ['{ skipFirstLine: true, fromLine: 1 }', all.slice(1)],
    ['{ skipFirstLine: true, fromLine: 3 }', all.slice(3)],
    ['{ skipFirstLine: true, toLine: 1 }', all.slice(1, 2)],
    ["{ fromLine: '1' }", all.slice(1)],
    ['{ fromLine: undefined }', all],
    ['5', all],
    [
      '{ asObjects: true }',
      [
        { a: '1', b: '2', c: '3' },
        { a: '4', b: '5,x', c: '6' },
        { a: '7', b: '8', c: '9' },
      ],
    ],
    [
      '{ asObjects: true, toLine: 2 }',
      [
        { a: '1', b: '2', c: '3' },
        { a: '4', b: '5,x', c: '6' },
      ],
    ],
  ])("answers k6's rows for %s", async (options, rows) => {
    expect(JSON.parse((await parse('data', options)) as string)).toEqual(rows)
  })

  it.each([
    [
      '{ fromLine: 2, toLine: 1 }',
      'failed to interpret the provided Parser options; reason: fromLine must be less than or equal to toLine',
    ],
    [
      '{ fromLine: -1 }',
      "failed to create a new parser; reason: the 'fromLine' option must be greater than or equal to 0; got -1",
    ],
    [
      '{ toLine: -1 }',
      "failed to create a new parser; reason: the 'toLine' option must be greater than or equal to 0; got -1",
    ],
    ['{ fromLine: 99 }', 'failed to create a new parser; reason: failed to skip lines until line 99; reason: EOF'],
    [
      '{ asObjects: true, skipFirstLine: true }',
      "failed to create a new parser; reason: the 'header' option cannot be enabled when 'skipFirstLine' is true",
    ],
    [
      '{ asObjects: true, fromLine: 1 }',
      "failed to create a new parser; reason: the 'header' option cannot be enabled when 'fromLine' is set to a value greater than 0",
    ],
    [
      "{ delimiter: ';' }",
      'failed to read record; reason: parse error on line 3, column 3: bare " in non-quoted-field',
    ],
    [
      "{ delimiter: ';;' }",
      'failed to interpret the provided Parser options; reason: delimiter must be a single character',
    ],
    [
      '{ delimiter: undefined }',
      'failed to interpret the provided Parser options; reason: delimiter must be a single character',
    ],
    [
      "{ delimiter: 'é' }",
      'failed to interpret the provided Parser options; reason: delimiter must be a single character',
    ],
    [`{ delimiter: '"' }`, 'failed to read record; reason: csv: invalid field or comment delimiter'],
    ["{ delimiter: '\\n' }", 'failed to read record; reason: csv: invalid field or comment delimiter'],
  ])("refuses %s in k6's words", async (options, message) => {
    expect(await parse('data', options)).toBe(`GoError: ${message}`)
  })

  it.each([
    ['ragged', 'failed to read record; reason: record on line 2: wrong number of fields'],
    ['quotes', 'failed to read record; reason: parse error on line 4, column 8: bare " in non-quoted-field'],
    [
      'badquote',
      'failed to read record; reason: record on line 2; parse error on line 3, column 5: extraneous or missing " in quoted-field',
    ],
    ['bare', 'failed to read record; reason: parse error on line 2, column 2: bare " in non-quoted-field'],
    [
      'after',
      'failed to read record; reason: parse error on line 2, column 3: extraneous or missing " in quoted-field',
    ],
    ['blank', 'failed to read record; reason: record on line 4: wrong number of fields'],
  ])('names the place of what is wrong in %s.csv', async (file, message) => {
    expect(await parse(file)).toBe(`GoError: ${message}`)
  })

  it.each([
    [
      'crlf',
      '',
      [
        ['a', 'b'],
        ['1', '2'],
        ['x\ny', '3'],
      ],
    ],
    ['empty', '', []],
    [
      'bom',
      '',
      [
        ['\ufeffa', 'b'],
        ['1', '2'],
      ],
    ],
    ['hdronly', '{ asObjects: true }', []],
    ['dup', '{ asObjects: true }', [{ a: '2' }]],
    [
      'bytes',
      '',
      [
        ['a', '\ufffd'],
        ['1', '2'],
      ],
    ],
    ['trail', '{ asObjects: true }', [{ '': '', a: '1', b: '' }]],
  ])('reads %s.csv as k6 does', async (file, options, rows) => {
    expect(JSON.parse((await parse(file, options)) as string)).toEqual(rows)
  })

  it('reads from where the file stands, and answers the same rows for the same file and options', async () => {
    expect(
      await run(
        `async () => { const f = await fopen('data.csv'); return [(await parse(f)).length, (await parse(f)).length] }`,
      ),
    ).toBe('[4,4]')
    expect(
      await run(
        `async () => { const f = await fopen('data.csv'); await parse(f); return parse(f, { skipFirstLine: true }) }`,
      ),
    ).toBe('GoError: failed to create a new parser; reason: failed to skip the first line; reason: EOF')
  })

  it('answers a shared array whose rows are frozen', async () => {
    expect(
      await run(
        `async () => { const a = await parse(await fopen('data.csv')); return [Array.isArray(a), Object.isFrozen(a[0]), a[0] instanceof Array] }`,
      ),
    ).toBe('[true,true,true]')
  })

  it('wants a file', async () => {
    expect(await run(`() => parse('x')`)).toBe(
      'GoError: first argument expected to be a fs.File instance, got sobek.asciiString instead',
    )
    expect(await run(`() => parse({})`)).toBe(
      'GoError: failed to create a new parser; reason: the reader cannot be nil',
    )
    expect(await run(`async () => parse(await fopen('data.csv'), null)`)).toBe(
      'TypeError: Cannot convert undefined or null to object',
    )
  })
})

describe('csv.Parser', () => {
  it('hands out one row after another, then says done for ever', async () => {
    expect(
      JSON.parse(
        (await run(`async () => { const p = new Parser(await fopen('data.csv'), { skipFirstLine: true }); const r = []
          for (let i = 0; i < 5; i++) r.push(await p.next()); return r }`)) as string,
      ),
    ).toEqual([
      ...all.slice(1).map((value) => ({ done: false, value })),
      { done: true, value: [] },
      { done: true, value: [] },
    ])
  })

  it('rejects for a bad record and goes on with the next', async () => {
    expect(
      await run(`async () => { const p = new Parser(await fopen('ragged.csv'), { asObjects: true }); const r = []
        for (let i = 0; i < 3; i++) r.push(await p.next().catch((e) => [String(e), e])); return r }`),
    ).toBe(
      '[["record on line 2: wrong number of fields",{"start_line":2,"line":2,"column":1,"err":{}}],["record on line 3: wrong number of fields",{"start_line":3,"line":3,"column":1,"err":{}}],{"done":false,"value":{"a":"5","b":"6"}}]',
    )
  })

  it('refuses what k6 refuses', async () => {
    expect(await run(`() => new Parser(null)`)).toBe(
      'GoError: csv Parser constructor takes at least one non-nil source argument',
    )
    expect(await run(`async () => new Parser(await fopen('data.csv'), { delimiter: 'ab' })`)).toBe(
      'GoError: encountered an error while interpreting Parser options; reason: delimiter must be a single character',
    )
    const scope = scopeWithFiles()
    scope.phase = 'vu'
    expect(await run(`() => new Parser({})`, scope)).toBe(
      'GoError: csv Parser constructor must be called in the init context',
    )
  })
})
