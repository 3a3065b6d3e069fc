import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { afterAll, describe, expect, it } from 'vitest'
import { createOutputs } from './index.js'
import { k6Samples, runOutput, sample, testContext } from './testing/run.js'

const root = mkdtempSync(join(tmpdir(), 'pw-parquet-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

function file(name: string): ArrayBuffer {
  const bytes = readFileSync(join(root, name))
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}

describe('parquet', () => {
  it('holds every sample of a k6 run, its system tags in columns, the rest as JSON', async () => {
    const samples = k6Samples()
    expect(await runOutput('parquet=run.parquet', testContext({ cwd: root }))).toEqual([])
    const rows = await parquetReadObjects({ file: file('run.parquet') })
    expect(rows).toHaveLength(samples.length)
    rows.forEach((row, i) => {
      const { metric, type, value, unixMs, tags } = samples[i]!
      expect(row).toMatchObject({ metric, type, value })
      expect((row['time'] as Date).getTime()).toBe(unixMs)
      const { extra_tags: extra } = row
      const shown = {
        ...Object.fromEntries(Object.entries(row).filter(([key, v]) => key in tags && v != null)),
        ...(extra == null ? {} : JSON.parse(extra as string)),
      }
      expect(shown).toEqual(tags)
    })
  })

  it('has a row group per fifty thousand samples, so that it never holds more', async () => {
    const many = Array.from({ length: 120_000 }, (_, i) => sample('mmm', 'counter', i))
    await runOutput('parquet=many.parquet', testContext({ cwd: root }), many)
    const { row_groups: groups, num_rows: rows } = parquetMetadata(file('many.parquet'))
    expect([groups.map((group) => group.num_rows), rows]).toEqual([[50_000n, 50_000n, 20_000n], 120_000n])
    const values = await parquetReadObjects({ file: file('many.parquet'), columns: ['value'] })
    expect(values.every((row, i) => row['value'] === i)).toBe(true)
  })

  it('is a file without rows when nothing was measured', async () => {
    await runOutput('parquet=none.parquet', testContext({ cwd: root }), [])
    expect(await parquetReadObjects({ file: file('none.parquet') })).toEqual([])
  })

  it('says before the run that it cannot be written', async () => {
    const set = await createOutputs(['parquet=/no/such/x.parquet'], testContext())
    await expect(set.start()).rejects.toMatchObject({
      message: "could not create the 'parquet' output: open /no/such/x.parquet: no such file or directory",
    })
  })

  it('on a full disk counts what is lost', async () => {
    const context = testContext()
    expect(await runOutput('parquet=/dev/full', context)).toMatchObject([
      { samples: k6Samples().length, why: 'no space left on device' },
    ])
    expect(context.warnings).toHaveLength(1)
  })
})
