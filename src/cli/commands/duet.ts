/** `perfwright duet`: two versions at once, the same requests to both, a verdict with its interval. */
import { systemClock } from '#base/clock.js'
import { ExitCode } from '#base/errors.js'
import { type DuetVerdict, runDuets } from '#duet/index.js'
import type { Command } from '../command.js'
import { DUET_FLAGS, readDuetFlags } from '../duet/flags.js'
import { answer, duetting } from '../duet/plan-of.js'
import { untilStopped } from '../duet/stopping.js'
import { flagHelp } from '../flag-table.js'

export const duetCommand: Command = {
  name: 'duet',
  summary: 'run two versions at once on the same requests and say whether the second is better or worse',
  async run(argv, io) {
    const { flags } = readDuetFlags(argv)
    if (flags.help) {
      io.stdout.write(help(io.stdout.columns))
      return ExitCode.ok
    }
    return await untilStopped(async (signal) => {
      const what = await duetting(flags, io, signal)
      const progress = (text: string): void => void (flags.json || io.stderr.write(`${text}\n`))
      const result = await runDuets(what.plan, { clock: systemClock, signal, progress })
      const file = answer(what, result, flags, io)
      progress(`kept in ${file}`)
      return result.stopped ? ExitCode.interrupted : exitCodeOf(result.verdict)
    })
  },
}

export function exitCodeOf({ verdict }: DuetVerdict): ExitCode {
  if (verdict === 'regression') return ExitCode.regression
  if (verdict === 'inconclusive') return ExitCode.inconclusive
  return verdict === 'invalid' ? ExitCode.notTrustworthy : ExitCode.ok
}

function help(width: number | undefined): string {
  return `Runs two versions at once on the same requests, in alternation, and says whether b is worse, better or the same.

Usage: perfwright duet --a CMD --b CMD [flags] [SCRIPT]

Every duet starts both versions anew, sends each request to both, one after the other, and swaps who is first; the next
duet swaps the roles of the processes. Beside the latency the CPU time of each process tree per request is measured,
which noise of other programs moves least. SCRIPT is a k6 script: one VU of it runs for some seconds to see what it
sends, and both versions get that.

Examples:
  perfwright duet --a 'node old.js' --b 'node new.js' --url '/items?page={1..50}'
  perfwright duet --a 'cd /tmp/main && npm start' --b 'npm start' load.js --format md
  perfwright duet --a-url http://127.0.0.1:3000 --b-url http://127.0.0.1:3001 load.js
${flagHelp(DUET_FLAGS, width)}

Exit codes: 0 better or the same; 30 b is worse; 32 it cannot tell (the answer says what it would take); 33 the sides
did not do the same work; 34 a side could not be used; 105 interrupted, with what was measured until then.
`
}
