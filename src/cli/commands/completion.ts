/** `perfwright completion SHELL` */
import { Writable } from 'node:stream'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { type CompletedCommand, flagsIn, shells } from '#setup/completion.js'
import type { Command, CommandIo } from '../command.js'

export const completionCommand: Command = {
  name: 'completion',
  summary: `print completion for a shell: ${Object.keys(shells).join(', ')}`,
  async run([shell, ...rest], io) {
    if (shell === undefined || shell === '--help' || shell === '-h') {
      io.stdout.write(HELP)
      return shell === undefined ? ExitCode.usage : ExitCode.ok
    }
    const print = Object.hasOwn(shells, shell) && rest.length === 0 ? shells[shell] : undefined
    if (print === undefined) {
      throw new PerfwrightError({
        code: 'PW_COMPLETION_SHELL',
        message: `there is no completion for "${[shell, ...rest].join(' ')}"`,
        fix: `one of ${Object.keys(shells).join(', ')}`,
      })
    }
    io.stdout.write(print(await completedCommands(io)))
    return ExitCode.ok
  },
}

const HELP = `Prints completion of commands and flags for a shell.

Usage: perfwright completion ${Object.keys(shells).join('|')}

Examples:
  source <(perfwright completion bash)
  perfwright completion zsh > "\${fpath[1]}/_perfwright"
  perfwright completion fish > ~/.config/fish/completions/perfwright.fish
`

/** Asks every command for its help. */
async function completedCommands(io: CommandIo): Promise<readonly CompletedCommand[]> {
  // Here and not above: the list of commands holds this one.
  const { commands } = await import('./index.js')
  const all: CompletedCommand[] = []
  for (const [name, { summary, load }] of Object.entries(commands)) {
    let help = ''
    const sink = new Writable({
      write: (chunk: Buffer | string, _, done) => {
        help += chunk.toString()
        done()
      },
    })
    if (name !== 'completion') await (await load()).run(['--help'], { ...io, stdout: sink, stderr: sink })
    all.push({ name, summary, flags: flagsIn(help) })
  }
  return all
}
