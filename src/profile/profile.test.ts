import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ProfileBuilder, total } from './model.js'
import { pageData } from './page/data.js'
import { renderPage } from './page/render.js'
import { readProfile } from './read/index.js'
import { top } from './views/top.js'
import { writePprof } from './write/pprof.js'
import { writeCollapsed, writeSpeedscope } from './write/text.js'

/** The page's code, bundled from its source. */
function flameApp(): string {
  const script = join(import.meta.dirname, '..', '..', 'scripts', 'bundle-web.mjs')
  return execFileSync(process.execPath, [script, 'flame'], { encoding: 'utf8' })
}

const files = join(import.meta.dirname, 'testing', 'files')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('a CPU profile of a Go program', () => {
  const packed = readFileSync(join(files, 'go-cpu.pb.gz'))

  it('has the totals of go tool pprof -top, function by function', async () => {
    const ours = new Map(top(await readProfile(packed, 'go-cpu.pb.gz')).rows.map((row) => [row.name, row]))
    const theirs = readFileSync(join(files, 'go-cpu.top.txt'), 'utf8')
      .split('\n')
      .map((line) =>
        /^\s*(\d+)(?:ns)?\s+\S+%\s+\S+%\s+(\d+)(?:ns)?\s+\S+%\s+(.+?)(?: \(inline\)| \(partial-inline\))?$/.exec(line),
      )
      .filter((found) => found !== null)
    expect(theirs.length).toBeGreaterThan(50)
    for (const [, flat, cum, name] of theirs) {
      expect({ name, flat: ours.get(name as string)?.self, cum: ours.get(name as string)?.total }).toEqual({
        name,
        flat: Number(flat),
        cum: Number(cum),
      })
    }
    expect(ours.size).toBe(theirs.length)
  })

  it('keeps labels, and can be cut by them', async () => {
    const profile = await readProfile(packed, 'go-cpu.pb.gz')
    const endpoint = (i: number): unknown => profile.labelSets[profile.labels[i] as number]?.endpoint
    const sum = top(profile, profile.mainValue, (i) => endpoint(i) === '/sum')
    const report = top(profile, profile.mainValue, (i) => endpoint(i) === '/report')
    expect(sum.rows[0]?.name).toBe('main.hotSum')
    expect(sum.rows[0]?.file).toMatch(/main\.go$/)
    expect(report.rows.find((row) => row.name === 'main.hotSum')?.self ?? 0).toBe(0)
  })

  it('counts a recursive function once', async () => {
    const { rows, total: all } = top(await readProfile(packed, 'go-cpu.pb.gz'))
    const recurse = rows.find((row) => row.name === 'main.recurse')
    expect(recurse?.total).toBeLessThanOrEqual(all)
  })

  it('comes back the same from pprof, collapsed and speedscope', async () => {
    const profile = await readProfile(packed, 'go-cpu.pb.gz')
    const self = (of: Awaited<ReturnType<typeof readProfile>>): unknown =>
      top(of)
        .rows.filter((row) => row.self > 0)
        .map((row) => [row.name, row.self])
        .sort()
    const again = await readProfile(await writePprof(profile), 'again.pb.gz')
    expect(self(again)).toEqual(self(profile))
    expect(again.valueTypes).toEqual(profile.valueTypes)
    expect(again.period).toEqual(profile.period)
    expect(again.labelSets.length).toBe(profile.labelSets.length)
    expect(self(await readProfile(bytes(writeSpeedscope(profile, 'go')), 'go.speedscope.json'))).toEqual(self(profile))
    const collapsed = await readProfile(bytes(writeCollapsed(profile)), 'go.txt')
    expect(total(collapsed)).toBe(total(profile))
    expect(top(collapsed).rows[0]).toMatchObject({ name: 'main.hotSum', self: top(profile).rows[0]?.self })
  })
})

describe('profiles that Node itself writes', () => {
  let dir: string
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'pw-profile-'))
    writeFileSync(
      join(dir, 'app.js'),
      `const kept = (globalThis.kept = [])
function plantedHot(n) {
  let sum = 0
  for (let i = 0; i < n; i++) sum += Math.sqrt(i) % 3
  return sum
}
function plantedKeeper() {
  for (let i = 0; i < 60_000; i++) kept.push({ i, text: ["entry", i] })
}
plantedKeeper()
const until = Date.now() + 400
while (Date.now() < until) plantedHot(1e5)
console.log(kept.length)`,
    )
    execFileSync(
      process.execPath,
      [
        '--cpu-prof',
        '--heap-prof',
        '--heap-prof-interval=8192',
        `--cpu-prof-dir=${dir}`,
        `--heap-prof-dir=${dir}`,
        'app.js',
      ],
      { cwd: dir, stdio: 'ignore' },
    )
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  const file = (suffix: string): Uint8Array =>
    readFileSync(join(dir, readdirSync(dir).find((name) => name.endsWith(suffix)) as string))

  it('names the planted hot function with its file and line', async () => {
    const profile = await readProfile(file('.cpuprofile'), 'node.cpuprofile')
    const { rows, hot } = top(profile)
    expect(rows[0]).toMatchObject({ name: 'plantedHot', file: expect.stringMatching(/app\.js$/) })
    expect(rows[0]?.line).toBeGreaterThanOrEqual(2)
    expect(rows[0]?.line).toBeLessThanOrEqual(5)
    expect(hot).toBeLessThan(10)
    // Wall time between the first and the last sample, to the microsecond.
    const json = JSON.parse(new TextDecoder().decode(file('.cpuprofile'))) as {
      startTime: number
      endTime: number
      timeDeltas: number[]
    }
    expect(total(profile, 1)).toBeCloseTo(
      (json.endTime - json.startTime - Math.max(0, json.timeDeltas[0] ?? 0)) * 1000,
      -6,
    )
    expect(total(profile, 2)).toBeLessThanOrEqual(total(profile, 1))
  })

  it('names the function that keeps memory', async () => {
    const { rows } = top(await readProfile(file('.heapprofile'), 'node.heapprofile'))
    expect(rows[0]?.name).toBe('plantedKeeper')
    expect(rows.find((row) => row.name === 'plantedKeeper')?.totalRatio).toBeGreaterThan(0.5)
  })
})

describe('files of other tools', () => {
  it('turns the process and thread frames of py-spy into labels', async () => {
    const text =
      'process 12:"python app.py";thread (0x7F): MainThread;main (app.py:3);hot (lib/work.py:12) 40\nmain (app.py:3) 2\n'
    const profile = await readProfile(bytes(text), 'raw.txt')
    expect(profile.labelSets).toContainEqual({ pid: 12, thread: 'MainThread' })
    expect(top(profile).rows[0]).toMatchObject({ name: 'hot', file: 'lib/work.py', line: 12, self: 40 })
  })

  it('reads perf script, with the names of V8 in a perf map', async () => {
    const text = `node 42/43 [001] 12345.678901:     250000 cpu-clock:uhH: 
\t    55d0 JS:*render /app/view.js:12:8+0x10 (/tmp/perf-42.map)
\t    55d1 main+0x2 (/usr/bin/node)

node 42/43 [001] 12345.778901:     250000 cpu-clock:uhH: 
\t    55d1 main+0x2 (/usr/bin/node)
`
    const { rows } = top(await readProfile(bytes(text), 'perf.txt'))
    expect(rows).toMatchObject([
      { name: 'main', self: 1, total: 2 },
      { name: 'render', file: '/app/view.js', line: 12, self: 1 },
    ])
  })

  it('adds up the events of an evented speedscope file', async () => {
    const json = {
      shared: { frames: [{ name: 'a' }, { name: 'b' }] },
      profiles: [
        {
          type: 'evented',
          name: 'main',
          unit: 'milliseconds',
          startValue: 0,
          endValue: 10,
          events: [
            { type: 'O', frame: 0, at: 0 },
            { type: 'O', frame: 1, at: 4 },
            { type: 'C', frame: 1, at: 7 },
            { type: 'C', frame: 0, at: 10 },
          ],
        },
      ],
    }
    const { rows } = top(await readProfile(bytes(JSON.stringify(json)), 'x.json'))
    expect(rows).toMatchObject([
      { name: 'a', self: 7e6, total: 10e6 },
      { name: 'b', self: 3e6 },
    ])
  })
})

describe('files that are no profiles', () => {
  it.each([
    ['nothing', new Uint8Array()],
    ['text', bytes('hello\nworld\n')],
    ['other JSON', bytes('{"a": 1}')],
    ['JSON that breaks off', bytes('{"nodes": [')],
    ['a cpuprofile without times', bytes('{"nodes": [], "startTime": "x"}')],
    ['broken gzip', Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3)],
    ['random bytes', Uint8Array.from({ length: 300 }, (_, i) => (i * 37) & 255)],
    ['gzip of random bytes', gzipSync(Uint8Array.from({ length: 300 }, (_, i) => (i * 91) & 255))],
  ])('%s is refused with the file named', async (_, data) => {
    await expect(readProfile(data, 'some.file')).rejects.toMatchObject({
      code: 'PW_PROFILE_UNREADABLE',
      where: expect.stringContaining('some.file'),
    })
  })

  it('a pprof file cut at any byte is refused or read, never a crash of another kind', async () => {
    const whole = await writePprof(await readProfile(bytes('main;work 3\nmain;rest 4\n'), 'x'))
    const { gunzipSync } = await import('node:zlib')
    const raw = gunzipSync(whole)
    for (let cut = 1; cut < raw.length; cut++) {
      await readProfile(raw.subarray(0, cut), 'cut').catch((error: { code?: string }) => {
        expect(error.code).toBe('PW_PROFILE_UNREADABLE')
      })
    }
  })
})

describe('the page', () => {
  it('adds up to the profile, however small its parts, and holds nothing that could leave its element', async () => {
    const profile = await readProfile(
      bytes('main;</script><script>alert(1)</script> (x.js:1) 3\nmain;work (a.js:2) 4\nmain;work (a.js:9) 5\n'),
      'x',
    )
    const page = renderPage(profile, '<b>', flameApp())
    expect(page).not.toContain('<script>alert')
    expect(page.match(/<\/script>/g)).toHaveLength(2)
    expect(page).not.toMatch(/https?:\/\//)
    const data = pageData(profile, 'x')
    const numbers = (text: string): number[] => [
      ...new Float64Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer),
    ]
    expect(numbers(data.self[0] as string).reduce((sum, value) => sum + value, 0)).toBe(12)
    // Two lines of one function are one box, at the hotter line.
    expect(data.frames.filter(([name]) => name === 'work')).toEqual([['work', 'a.js', 9, 'own']])
  })

  it('of 400,000 calls holds those that can be seen, and says so', async () => {
    const builder = new ProfileBuilder([{ type: 'samples', unit: 'count' }])
    for (let i = 0; i < 400_000; i++)
      builder.sample(builder.stack([builder.frame({ name: `f${i % 700}` }), builder.frame({ name: `g${i}` })]), [1])
    builder.sample(builder.stack([builder.frame({ name: 'hot' })]), [1e6])
    const data = pageData(builder.build(), 'x')
    expect(Buffer.from(data.parents, 'base64').length / 4).toBeLessThan(2000)
    expect(data.notes.join()).toContain('folded')
    const self = new Float64Array(Uint8Array.from(Buffer.from(data.self[0] as string, 'base64')).buffer)
    expect(self.reduce((sum, value) => sum + value, 0)).toBe(1.4e6)
  })
})
