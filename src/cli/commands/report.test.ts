import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { writeSample } from '#record/testing/sample-run.js'
import type { CommandIo } from '../command.js'
import { reportCommand } from './report.js'

const root = mkdtempSync(join(tmpdir(), 'pw-report-cli-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const museum = fileURLToPath(new URL('../../../test/museum/v1', import.meta.url))

async function report(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const io: CommandIo = { stdin: new PassThrough(), stdout, stderr, env: {}, cwd: root }
  const read = (stream: PassThrough): string => String(stream.read() ?? '')
  let [out, err] = ['', '']
  stdout.on('data', (piece: Buffer) => (out += piece.toString()))
  const code = await reportCommand.run(argv, io)
  err = read(stderr)
  return { code, stdout: out, stderr: err }
}

describe('perfwright report', () => {
  it('prints Markdown, or any format that is asked for', async () => {
    expect((await report(museum)).stdout).toMatch(/^# sample\n\n\*\*FAILED\*\* \(exit code 99\)/)
    expect(JSON.parse((await report(museum, '--json')).stdout).verdict.exitCode).toBe(99)
    const csv = await report(museum, '--format', 'csv')
    expect(csv).toMatchObject({ code: 0, stderr: '' })
    expect(csv.stdout).toMatch(/^scope,metric,/)
  })

  it('writes one file a format', async () => {
    const { code, stdout } = await report(museum, '--format', 'json,csv,md', '-o', 'all')
    expect([code, stdout]).toEqual([0, ''])
    expect(
      readdirSync(root)
        .filter((name) => name.startsWith('all'))
        .sort(),
    ).toEqual(['all.csv', 'all.json', 'all.md'])
    await report(museum, '--format=md', '--out=one.txt')
    expect(readFileSync(join(root, 'one.txt'), 'utf8')).toMatch(/^# sample/)
    mkdirSync(join(root, 'folder'))
    await report(museum, '-o', 'folder')
    expect(readdirSync(join(root, 'folder'))).toEqual(['report.md'])
  })

  it('fills a folder, which it makes, and speaks the language that is asked for or set', async () => {
    const { code, stdout } = await report(museum, '--format', 'md,junit', '--output', 'deep/er', '--lang', 'tr')
    expect([code, stdout]).toEqual([0, ''])
    expect(readdirSync(join(root, 'deep', 'er')).sort()).toEqual(['report.md', 'report.xml'])
    expect(readFileSync(join(root, 'deep', 'er', 'report.md'), 'utf8')).toContain('Yönetici özeti')
    await expect(report(museum, '--output', '/dev/null/x')).rejects.toMatchObject({ code: 'PW_REPORT_WRITE' })
    await expect(report(museum, '-o', 'a', '--output', 'b')).rejects.toMatchObject({ code: 'PW_REPORT_USAGE' })
    await expect(report(museum, '--open')).rejects.toMatchObject({ message: expect.stringContaining('--format html') })
  })

  it('takes the newest run when none is named', async () => {
    await expect(report()).rejects.toMatchObject({
      code: 'PW_REPORT_USAGE',
      message: expect.stringContaining('no record'),
    })
    const runs = join(root, '.perfwright', 'runs')
    await writeSample(runs, { header: { name: 'older' } })
    await writeSample(runs, { header: { name: 'newest', startedUnixMs: 1_700_000_100_000 } })
    expect((await report()).stdout).toMatch(/^# newest\n/)
    expect((await report('latest')).stdout).toMatch(/^# newest\n/)
  })

  it('of a record that is not whole says what is missing and exits 35', async () => {
    const { writer } = await writeSample(join(root, 'killed'), { end: false })
    const { code, stdout, stderr } = await report(writer.dir)
    expect(code).toBe(35)
    expect(stdout).toContain('NO VERDICT')
    expect(stderr).toBe(
      'missing in the record: verdicts, trust, exit code (the run was killed before it could write them)\n',
    )
  })

  it('says what is wrong with its arguments, and where it cannot write', async () => {
    await expect(report('--nope')).rejects.toMatchObject({ code: 'PW_REPORT_USAGE', exitCode: 2 })
    await expect(report(museum, '--format', 'xlsx')).rejects.toMatchObject({
      message: expect.stringContaining('csv, html, json, junit, md, parquet'),
    })
    await expect(report(museum, '--format', 'csv,md')).rejects.toMatchObject({ message: expect.stringContaining('-o') })
    await expect(report('a', 'b')).rejects.toMatchObject({ code: 'PW_REPORT_USAGE' })
    await expect(report(join(root, 'nothing'))).rejects.toMatchObject({ code: 'PW_RECORD_UNREADABLE', exitCode: 2 })
    await expect(report(museum, '-o', '/no/such/folder/x.md')).rejects.toMatchObject({ code: 'PW_REPORT_WRITE' })
    await expect(report(museum, '-o', '/dev/full')).rejects.toMatchObject({ code: 'PW_REPORT_WRITE' })
  })

  it('opens a record behind a link, which its owner has put there', async () => {
    symlinkSync(museum, join(root, 'link'))
    expect((await report('link')).code).toBe(0)
    expect((await report('--help')).stdout).toContain('Examples:')
  })
})
