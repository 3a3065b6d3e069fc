/** `profile snapshot` and `profile leak`: heap snapshots of Node, and what one holds more of than the other. */
import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '#base/clock.js'
import { ExitCode } from '#base/errors.js'
import { compareSnapshots, type HeapGrowth, type PathStep } from '#profile/heap-snapshot/compare.js'
import { parseHeapSnapshot } from '#profile/heap-snapshot/parse.js'
import { takeSnapshot } from '#profile/heap-snapshot/take.js'
import { plain } from '#profile/views/top-text.js'
import { formatValue } from '#profile/views/units.js'
import type { CommandIo } from '../../command.js'
import { orUsage, pidOf, rowLimit, usage } from './usage.js'

export async function snapshot(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values } = orUsage(() =>
    parseArgs({ args: [...argv], options: { pid: { type: 'string' }, out: { type: 'string', short: 'o' } } }),
  )
  const pid = pidOf(values.pid)
  const stamp = new Date(systemClock.unixMs()).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const file = resolve(io.cwd, values.out ?? `${pid}-${stamp}.heapsnapshot`)
  const bytes = await takeSnapshot(pid, file, {
    clock: systemClock,
    tell: ({ heapBytes, stallS }) =>
      io.stderr.write(
        `a heap of ${formatValue(heapBytes, 'bytes')}: the process stands still for about ${stallS.low.toFixed(1)} to ${stallS.high.toFixed(1)} s\n`,
      ),
  })
  io.stdout.write(`${file}\n`)
  io.stderr.write(
    `${formatValue(bytes, 'bytes')}; two of them, before and after: perfwright profile leak BEFORE AFTER\n`,
  )
  return ExitCode.ok
}

export async function leak(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = orUsage(() =>
    parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { limit: { type: 'string', short: 'n' }, json: { type: 'boolean', default: false } },
    }),
  )
  const [before, after] = positionals
  if (before === undefined || after === undefined || positionals.length > 2)
    throw usage('Two heap snapshots are needed.', 'perfwright profile leak BEFORE.heapsnapshot AFTER.heapsnapshot')
  const limit = rowLimit(values.limit ?? '15')
  const read = async (file: string): ReturnType<typeof parseHeapSnapshot> => {
    try {
      return await parseHeapSnapshot(createReadStream(resolve(io.cwd, file)), file)
    } catch (error) {
      if ((error as { code?: string }).code?.startsWith('PW_') === true) throw error
      throw usage(`Cannot read ${file}: ${(error as Error).message}`, 'give a file that exists and can be read')
    }
  }
  const growth = compareSnapshots(await read(before), await read(after))
  const shown = { ...growth, classes: growth.classes.slice(0, limit) }
  io.stdout.write(values.json ? `${JSON.stringify(shown, null, 2)}\n` : growthText(shown))
  return ExitCode.ok
}

function growthText({ beforeBytes, afterBytes, classes }: HeapGrowth): string {
  const bytes = (value: number): string => formatValue(value, 'bytes')
  const lines = [
    `the heap went from ${bytes(beforeBytes)} to ${bytes(afterBytes)}`,
    '',
    `${'before'.padStart(10)} ${'after'.padStart(10)} ${'self'.padStart(10)} ${'retained'.padStart(10)}  class`,
  ]
  for (const { name, before, after, selfBytes, retainedBytes } of classes) {
    lines.push(
      `${before.toLocaleString('en-US').padStart(10)} ${after.toLocaleString('en-US').padStart(10)} ${bytes(selfBytes).padStart(10)} ${bytes(retainedBytes).padStart(10)}  ${plain(name).slice(0, 100)}`,
    )
  }
  const [first] = classes
  if (first !== undefined) {
    lines.push('', `who holds ${plain(first.name).slice(0, 100)}:`, ...first.path.map(stepText))
  }
  return `${lines.join('\n')}\n`
}

function stepText({ by, name }: PathStep, depth: number): string {
  return `${'  '.repeat(Math.min(depth, 20) + 1)}${plain(by)}  ${plain(name).slice(0, 100)}`
}
