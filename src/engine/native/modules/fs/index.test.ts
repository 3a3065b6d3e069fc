import { describe, expect, it } from 'vitest'
import { createTestScope, type TestScope } from '../data/testing/scope.js'
import { formatConsoleArgs } from '../console/index.js'
import { createFsModule } from './index.js'

const newScope = (): TestScope => createTestScope({ files: { 'file:///s/data.txt': 'hello worl' } })

function run(source: string, scope: TestScope = newScope()): Promise<unknown> {
  return scope.run(
    `(async () => { const file = await open('data.txt').catch((e) => e)
      try { return JSON.stringify(await (async () => (${source}))()) } catch (e) { return String(e) + ' ' + (e instanceof Error) + ' ' + JSON.stringify(e) } })()`,
    createFsModule(scope),
  ) as Promise<unknown>
}
const refused = (name: string, message: string): string =>
  `${name}: ${message} false ${JSON.stringify({ name, message })}`

describe('k6/experimental/fs', () => {
  it('opens a file beside the script', async () => {
    expect(await run(`[Object.keys(file), file, await file.stat(), SeekMode]`)).toBe(
      '[["path","read","seek","stat"],{"path":"/s/data.txt"},{"name":"data.txt","size":10},{"Start":0,"Current":1,"End":2}]',
    )
    expect(await run(`(await open('file:///s/data.txt')).path`)).toBe('"/s/data.txt"')
  })

  it('reads on to the end, then answers null', async () => {
    expect(
      await run(
        `(async () => { const r = []; for (let i = 0; i < 4; i++) { const b = new Uint8Array(4); r.push([await file.read(b), ...b]) } return r })()`,
      ),
    ).toBe('[[4,104,101,108,108],[4,111,32,119,111],[2,114,108,0,0],[null,0,0,0,0]]')
  })

  it('fills the buffer behind a view, as k6 does', async () => {
    expect(
      await run(`(async () => { const b = new Uint8Array(8); return [await file.read(b.subarray(2, 4)), ...b] })()`),
    ).toBe('[8,104,101,108,108,111,32,119,111]')
  })

  it('seeks as k6 does, the end being the last byte', async () => {
    expect(
      await run(
        `[await file.seek(3, SeekMode.Start), await file.seek(1, SeekMode.Current), await file.seek(-2, 1), await file.seek(0, SeekMode.End), await file.seek(-2, 2), await file.seek(10, 0)]`,
      ),
    ).toBe('[3,4,2,9,7,10]')
  })

  it.each([
    [`await open('nope.txt')`, 'NotFoundError', 'no such file or directory "/s/nope.txt"'],
    [`await open('')`, 'TypeError', 'open() failed; reason: path cannot be empty'],
    [`await open()`, 'TypeError', 'open() failed; reason: path cannot be null or undefined'],
    [`await open(5)`, 'NotFoundError', 'no such file or directory "/s/5"'],
    [`await file.read()`, 'TypeError', 'read() failed; reason: into argument cannot be null or undefined'],
    [`await file.read(new ArrayBuffer(3))`, 'TypeError', 'read() failed; reason: into argument must be a Uint8Array'],
    [`await file.seek(-1, 0)`, 'TypeError', 'offset cannot be negative when using SeekModeStart'],
    [`await file.seek(1, 2)`, 'TypeError', 'offset cannot be positive when using SeekModeEnd'],
    [`await file.seek(-100, 1)`, 'TypeError', 'seeking before start of file'],
    [`await file.seek(11, 0)`, 'TypeError', 'seeking beyond end of file'],
    [`await file.seek(0, 3)`, 'TypeError', 'seek() failed; reason: the whence argument must be a SeekMode'],
    [`await file.seek(0)`, 'TypeError', 'seek() failed; reason: the whence argument cannot be null or undefined'],
    [`await file.seek(1.5, 0)`, 'TypeError', 'seek() failed; reason: the offset argument must be a number'],
    [`await file.seek('1', 0)`, 'TypeError', 'seek() failed; reason: the offset argument must be a number'],
  ])("%s rejects with k6's error, which is no Error", async (source, name, message) => {
    expect(await run(source)).toBe(refused(name, message))
  })

  it('opens in the init context only', async () => {
    const scope = newScope()
    scope.phase = 'vu'
    expect(await run(`await open('data.txt')`, scope)).toBe(
      refused('ForbiddenError', 'open() failed; reason: opening a file is allowed only in the Init context'),
    )
  })

  it('prints its errors as text', async () => {
    const scope = newScope()
    const error = await (createFsModule(scope)['open'] as (path: string) => Promise<unknown>)('').catch(
      (e: unknown) => e,
    )
    expect(formatConsoleArgs([error])).toBe('TypeError: open() failed; reason: path cannot be empty')
  })

  it('knows a directory when it meets one', async () => {
    const scope = createTestScope()
    const directory = Object.assign(new Error('EISDIR: illegal operation on a directory, read'), { code: 'EISDIR' })
    Object.assign(scope.files, {
      read: () => {
        throw directory
      },
    })
    expect(await run(`await open('./')`, scope)).toBe(
      refused('InvalidResourceError', 'cannot open "/s": opening a directory is not supported'),
    )
  })
})
