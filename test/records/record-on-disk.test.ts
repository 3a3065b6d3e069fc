/** The run record against a real file system: a writer that is killed, a disk that is full, a folder that is read-only. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRecord } from '#record/index.js'
import { writeSample } from '#record/testing/sample-run.js'

const source = fileURLToPath(new URL('../../src', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'pw-disk-'))
const bundle = join(root, 'writer.mjs')
const mounts: string[] = []

beforeAll(async () => {
  const entry = join(root, 'writer.ts')
  // A run that never ends by itself: it says which windows are on the disk.
  writeFileSync(
    entry,
    `import { hostname } from 'node:os'
import { MetricRegistry, MetricStore, TagRegistry } from '#metrics/index.js'
import { openRecord } from '#record/index.js'
import { sampleHeader } from '#record/testing/sample-run.js'
const registry = new MetricRegistry()
const tags = new TagRegistry()
const duration = registry.define('http_req_duration', 'trend', 'time')
const store = new MetricStore(registry, tags)
const writer = await openRecord(process.argv[2], { ...sampleHeader, writer: { host: hostname(), pid: process.pid } })
console.log(writer.dir)
for (let second = 0; ; second++) {
  for (let i = 0; i < 500; i++) store.add(duration, tags.intern([['name', '/' + (i % 10)]]), i)
  writer.window(store.drain(), { fromNs: second * 1e9, toNs: (second + 1) * 1e9, unixMs: sampleHeader.startedUnixMs + second * 1000 })
  writer.event('second', { second })
  await writer.flush()
  console.log(second + 1)
}
`,
  )
  await build({
    entryPoints: [entry],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
    plugins: [
      {
        name: 'source',
        setup: (plugin) =>
          plugin.onResolve({ filter: /^#/ }, ({ path }) => ({
            path: join(source, path.slice(1).replace(/\.js$/, '.ts')),
          })),
      },
    ],
  })
})

afterAll(() => {
  for (const mount of mounts) spawnSync('umount', [mount])
  rmSync(root, { recursive: true, force: true })
})

describe('a run that is killed', () => {
  it.each([1, 7, 40])(
    'with SIGKILL after %i windows has every window that it had said was written',
    async (windows) => {
      const child = spawn(process.execPath, [bundle, join(root, `killed-${windows}`)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const { dir, written } = await killAfter(child, windows)
      const record = await readRecord(dir)
      expect(record.state).toBe('killed')
      expect(record.run.id).toBeTruthy()
      const [total] = await record.totalsOf({ metric: 'http_req_duration' })
      // The kill may have hit the window after the last one it told of: that one is whole, torn or not there.
      expect(total?.sink.count).toBeGreaterThanOrEqual(written * 500)
      expect(record.missing.map(({ what }) => what)).toContain('verdicts, trust, exit code')
      expect((await record.events()).events.length).toBeGreaterThanOrEqual(written)
      expect(record.totals.metrics[0]?.count).toBe(total?.sink.count)
    },
  )
})

describe('a disk that is full', () => {
  it('keeps what fits, the verdict among it, and says what does not', async (context) => {
    const mount = join(root, 'small')
    mkdirSync(mount)
    // Only root may mount; elsewhere the failing disks of the unit tests stand in.
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=700k', 'tmpfs', mount]).status !== 0) return context.skip()
    mounts.push(mount)
    const warnings: string[] = []
    const { writer, missing } = await writeSample(mount, { seconds: 400, perSecond: 60, warnings })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('no space left on the disk')
    expect(missing.find(({ what }) => what.startsWith('series: '))?.why).toBe('no space left on the disk')
    const record = await readRecord(writer.dir)
    expect(record.state).toBe('finished')
    expect(record.run.exit?.code).toBe(99)
    expect(record.totals.metrics.find(({ name }) => name === 'http_reqs')?.values['count']).toBe(24_000)
    expect(record.missing.some(({ what }) => what.startsWith('series: '))).toBe(true)
    const [reqs] = await record.totalsOf({ metric: 'http_reqs' })
    expect(reqs?.sink.sum).toBeGreaterThan(0)
    expect(reqs?.sink.sum).toBeLessThan(24_000)
  })
})

describe('a place that cannot be written', () => {
  it('costs the record, never the run', async () => {
    const file = join(root, 'a-file')
    writeFileSync(file, '')
    const locked = join(root, 'locked')
    mkdirSync(locked)
    chmodSync(locked, 0o500)
    // Root may write into a locked folder, but nobody into a file as if it were one, nor into /proc.
    const places = process.getuid?.() === 0 ? [file, '/proc'] : [file, locked]
    for (const place of places) {
      const warnings: string[] = []
      const { missing } = await writeSample(place, { warnings })
      expect(warnings, place).toHaveLength(1)
      expect(missing, place).not.toEqual([])
    }
    expect(readdirSync(locked)).toEqual([])
  })
})

/** Kills the child when it has told of so many windows, in the middle of what it does next. */
async function killAfter(child: ChildProcess, windows: number): Promise<{ dir: string; written: number }> {
  let dir = ''
  let written = 0
  const ended = new Promise((resolve) => child.once('close', resolve))
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    if (dir === '') dir = line
    else written = Number(line)
    if (written === windows) child.kill('SIGKILL')
  }
  await ended
  return { dir, written }
}
