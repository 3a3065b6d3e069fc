import { expect, it } from 'vitest'
import { compileScript } from './compile.js'
import { createStackMapper } from './stack.js'
import { thrownBy } from './testing/both-ways.js'

// The expected texts are k6 2.2's own, less its byte offsets.
const url = 'file:///x/s.js'

async function described(contents: string, at = url): Promise<string> {
  const script = await compileScript({ url: at, contents })
  return createStackMapper(script.filename, script.sourceMap).describe(await thrownBy(script))
}

it('names the functions, lines and columns of the person, after awaiting as before it', async () => {
  const text = await described(
    "import { sleep } from 'k6'\nfunction deep(n) {\n  sleep(0.01)\n  throw new Error('boom ' + n)\n}\nconst mid = (n) => {\n  return deep(n + 1)\n}\nexport default function () {\n  mid(1)\n}\n",
  )
  expect(text).toBe(`Error: boom 2\n\tat deep (${url}:4:9)\n\tat mid (${url}:7:14)\n\tat default (${url}:10:6)\n`)
})

it('names methods without their class and a named default export by its name', async () => {
  const text = await described(
    "import { sleep, group } from 'k6'\nclass Api {\n  constructor() { this.n = 1 }\n  go() { sleep(0.01); return this.fail() }\n  fail() { throw new TypeError('in method') }\n}\nexport default function main() {\n  const a = new Api()\n  if (a) a.go()\n}\n",
  )
  expect(text).toBe(`TypeError: in method\n\tat fail (${url}:5:18)\n\tat go (${url}:4:39)\n\tat main (${url}:9:14)\n`)
})

it('shows natives between frames of the script', async () => {
  const text = await described(
    "export default function () { [3].forEach(function named(x) { throw new RangeError('r') }) }",
  )
  expect(text).toBe(`RangeError: r\n\tat named (${url}:1:68)\n\tat forEach (native)\n\tat default (${url}:1:41)\n`)
})

it('places a waiting call of a callback at its parenthesis', async () => {
  const text = await described(
    "import { sleep } from 'k6'\nexport default () => {\n  const x = [1].map((n) => {\n    sleep(1)\n    throw new Error('m')\n  })\n}\n",
  )
  expect(text).toBe(`Error: m\n\tat ${url}:5:11\n\tat default (${url}:3:20)\n`)
})

it('shows the top level without a name', async () => {
  expect(await described("const f = () => { throw new Error('top') }\nf()\nexport default () => {}\n")).toBe(
    `Error: top\n\tat f (${url}:1:25)\n\tat ${url}:2:2\n`,
  )
})

it('maps TypeScript back to its own lines', async () => {
  const text = await described(
    "import { sleep } from 'k6'\ninterface A { n: number }\n\nexport default function (): void {\n  const a: A = { n: 1 }\n  sleep(a.n)\n  throw new Error(`${a.n}`)\n}\n",
    'file:///x/s.ts',
  )
  expect(text).toBe('Error: 1\n\tat default (file:///x/s.ts:7:9)\n')
})

it('knows where a value was thrown that is no error', async () => {
  expect(await described('function f() { throw null }\nexport default function () { f() }')).toBe(
    `null\n\tat f (${url}:1:16)\n\tat default (${url}:2:31)\n`,
  )
  expect(await described("export default () => { throw 'str' }")).toBe(`str\n\tat default (${url}:1:24)\n`)
})

it('says a thrown value that is no error, with no frames where it is not known', () => {
  const mapper = createStackMapper(url, '')
  expect(mapper.describe('other')).toBe('other\n')
  expect(mapper.describe(undefined)).toBe('undefined\n')
  expect(mapper.describe({ toString: () => 'obj' })).toBe('obj\n')
  expect(mapper.describe(Object.create(null))).toBe('[object Object]\n')
  expect(mapper.where('other')).toBeUndefined()
})

it('answers the innermost frame of the script', async () => {
  const script = await compileScript({
    url,
    contents: "import { fail } from 'k6'\nexport default function () {\n  fail('x')\n}",
  })
  expect(createStackMapper(script.filename, script.sourceMap).where(await thrownBy(script))).toBe(
    `default (${url}:3:7)`,
  )
})
