/** `perfwright inspect SCRIPT`: the options of a script as JSON, as `k6 inspect` prints them. */
import { ExitCode } from '#base/errors.js'
import { inspectScript } from '#api/inspect-script.js'
import { loadScript } from '#api/load-script.js'
import { consolidateOptions, inspectConsolidated, inspectOptions } from '#config/index.js'
import { executionRequirements } from '#engine/native/executors/index.js'
import type { Command } from '../command.js'
import { formatLog } from '../log.js'
import { inspectHelp, parseInspectFlags } from '../run-flags.js'
import { compile, scriptEnv } from '../script-host.js'

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'print the options of a script as JSON',
  async run(argv, io) {
    const flags = parseInspectFlags(argv, io.env)
    if (flags.help) {
      io.stdout.write(`${inspectHelp(io.stdout.columns)}\n`)
      return ExitCode.ok
    }
    const source = await loadScript(flags.script, io.cwd, io.stdin)
    const compiled = await compile(source, io.env)
    const style = { format: 'text', isTty: io.stderr.isTTY === true, colour: false, startedUnixMs: 0 } as const
    const loaded = await inspectScript(compiled, source.url, scriptEnv(io.env, flags.runtime), (line) => {
      io.stderr.write(formatLog(line, style))
    })
    let shown: Record<string, unknown> = inspectOptions(loaded.options)
    if (flags.executionRequirements) {
      const { options } = consolidateOptions({
        env: io.env,
        script: loaded.options,
        hasExport: (name) => loaded.functions.includes(name),
      })
      shown = { ...inspectConsolidated(options), ...executionRequirements(options.scenarios) }
    }
    io.stdout.write(`${goJson(shown)}\n`)
    return ExitCode.ok
  },
}

// Go's encoder escapes what HTML would take for markup; tools that compare texts see the same as from k6.
function goJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
