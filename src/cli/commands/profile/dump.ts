/** `profile dump`: where a process is, now. */
import { parseArgs } from 'node:util'
import { systemClock } from '#base/clock.js'
import { ExitCode } from '#base/errors.js'
import { dumpProcess } from '#profile/dump/index.js'
import { dumpText } from '#profile/dump/text.js'
import type { CommandIo } from '../../command.js'
import { orUsage, pidOf } from './usage.js'

export async function dump(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values } = orUsage(() =>
    parseArgs({
      args: [...argv],
      options: {
        pid: { type: 'string' },
        'py-spy': { type: 'string', default: 'py-spy' },
        json: { type: 'boolean', default: false },
      },
    }),
  )
  const pid = pidOf(values.pid)
  const found = await dumpProcess(pid, { program: values['py-spy'], native: false }, systemClock)
  io.stdout.write(values.json ? `${JSON.stringify({ pid, ...found }, null, 2)}\n` : dumpText(found))
  return ExitCode.ok
}
