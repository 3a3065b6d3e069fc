import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readConfigFile } from './config-file.js'

const dir = mkdtempSync(join(tmpdir(), 'pw-config-'))
afterAll(() => rmSync(dir, { recursive: true }))
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}

describe('readConfigFile', () => {
  it('reads options, and the settings that are none', () => {
    const path = file('a.json', '{"vus":3,"out":["json=x",5],"linger":true}')
    expect(readConfigFile(path, {})).toEqual({
      options: { vus: 3, out: ['json=x', 5], linger: true },
      out: ['json=x'],
      linger: true,
    })
  })

  it("reads k6's default file where there is one, and is silent where there is none", () => {
    expect(readConfigFile(undefined, { XDG_CONFIG_HOME: join(dir, 'none') }).options).toBeUndefined()
    mkdirSync(join(dir, 'k6'))
    file('k6/config.json', '{"batch":7}')
    expect(readConfigFile(undefined, { XDG_CONFIG_HOME: dir }).options).toEqual({ batch: 7 })
  })

  it.each([
    [join(dir, 'gone.json'), `stat ${join(dir, 'gone.json')}: no such file or directory`],
    [file('bad.json', '{bad'), "couldn't parse the configuration from"],
    [file('list.json', '[1]'), 'not an object'],
  ])('refuses %s with 104', (path, message) => {
    expect(() => readConfigFile(path, {})).toThrow(
      expect.objectContaining({ exitCode: 104, message: expect.stringContaining(message) }),
    )
  })
})
