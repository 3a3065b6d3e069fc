import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readProfile } from './index.js'

const dir = mkdtempSync(join(tmpdir(), 'pw-pstats-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const hasPython = spawnSync('python3', ['--version']).status === 0
if (!hasPython) console.warn('left out: Python is not installed: apt-get install python3')

describe.skipIf(!hasPython)('a file that the real cProfile wrote', () => {
  it('has every function with its own time and calls as pstats says, to the nanosecond, below its callers', async () => {
    writeFileSync(
      join(dir, 'work.py'),
      'def leaf(n):\n    return sum(i * i for i in range(n))\n\ndef twice(n):\n    return leaf(n) + leaf(n)\n\ndef recursive(n):\n    return 0 if n == 0 else 1 + recursive(n - 1)\n\nleaf(20000)\ntwice(30000)\nrecursive(50)\n',
    )
    execFileSync('python3', ['-m', 'cProfile', '-o', 'out.prof', 'work.py'], { cwd: dir })
    const told = JSON.parse(
      execFileSync(
        'python3',
        [
          '-c',
          "import pstats, json; s = pstats.Stats('out.prof'); print(json.dumps([[k[2], k[1], v[1], v[2]] for k, v in s.stats.items()]))",
        ],
        { cwd: dir, encoding: 'utf8' },
      ),
    ) as [string, number, number, number][]
    const profile = await readProfile(readFileSync(join(dir, 'out.prof')), 'out.prof')
    const own = new Map<string, [calls: number, ns: number]>()
    profile.leaves.forEach((leaf, i) => {
      const { name, line } = profile.frames[profile.nodeFrames[leaf] as number] as (typeof profile.frames)[number]
      const key = `${name}:${line}`
      const [calls, ns] = own.get(key) ?? [0, 0]
      own.set(key, [calls + (profile.values[2 * i] as number), ns + (profile.values[2 * i + 1] as number)])
    })
    const expected = new Map<string, [calls: number, s: number]>()
    for (const [name, line, calls, s] of told) {
      const key = `${name.replace(/^<(.*)>$/, line === 0 ? '$1' : '<$1>')}:${line}`
      const [before, beforeS] = expected.get(key) ?? [0, 0]
      expected.set(key, [before + calls, beforeS + s])
    }
    for (const [key, [calls, s]] of expected) {
      const [gotCalls, gotNs] = own.get(key) ?? [0, 0]
      expect(gotCalls, key).toBe(calls)
      // Parts are rounded to whole nanoseconds.
      expect(Math.abs(gotNs - s * 1e9), key).toBeLessThan(50)
    }
    expect(own.get('leaf:1')?.[0]).toBe(3)
    const stacks = [...profile.leaves].map((leaf) => {
      const names: string[] = []
      for (let node = leaf; node > 0; node = profile.parents[node] as number)
        names.unshift((profile.frames[profile.nodeFrames[node] as number] as { name: string }).name)
      return names.join(';')
    })
    expect(stacks).toContain('twice;leaf')
    expect(profile.notes.join(' ')).toMatch(/no whole stacks/)
  })

  it('is refused with a reason when it is cut off, or is another table of Python', async () => {
    const whole = readFileSync(join(dir, 'out.prof'))
    for (const length of [1, 7, 100, whole.length - 1])
      await expect(readProfile(whole.subarray(0, length), 'cut.prof'), String(length)).rejects.toMatchObject({
        code: 'PW_PROFILE_UNREADABLE',
      })
    execFileSync('python3', ['-c', "import marshal; marshal.dump({'a': [1, 2]}, open('other.prof', 'wb'))"], {
      cwd: dir,
    })
    await expect(readProfile(readFileSync(join(dir, 'other.prof')), 'other.prof')).rejects.toThrow(/none of cProfile/)
    // A list that claims to be longer than memory is.
    const claim = Uint8Array.of(0x7b, 0x28, 0xff, 0xff, 0xff, 0x7f, 0)
    await expect(readProfile(claim, 'claim.prof')).rejects.toThrow(/does not fit/)
  })
})
