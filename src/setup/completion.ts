/** Completion for shells, from the commands and the flags that their help lists. */
export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  /** `--vus`, `--duration` */
  readonly flags: readonly string[]
}

export const shells: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = { bash, zsh, fish }

/** Flags that a help text lists, in its order. */
export function flagsIn(help: string): readonly string[] {
  return [...new Set([...help.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g)].map(([flag]) => flag))]
}

function bash(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ name, flags }) => `    ${name}) flags="${flags.join(' ')}" ;;\n`).join('')
  return `# perfwright completion for bash: source <(perfwright completion bash)
_perfwright() {
  local word="\${COMP_WORDS[COMP_CWORD]}" flags=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} version" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases}  esac
  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$word")); else COMPREPLY=($(compgen -f -- "$word")); fi
}
complete -o filenames -F _perfwright perfwright
`
}

function zsh(commands: readonly CompletedCommand[]): string {
  const list = commands
    .map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(':', ',')}`)}\n`)
    .join('')
  const cases = commands.map(({ name, flags }) => `    ${name}) compadd -- ${flags.join(' ')}; _files ;;\n`).join('')
  return `#compdef perfwright
# perfwright completion for zsh: perfwright completion zsh > "\${fpath[1]}/_perfwright"
_perfwright() {
  local -a commands
  commands=(
${list}  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  case "\${words[2]}" in
${cases}  esac
}
compdef _perfwright perfwright
`
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, summary, flags }) => [
    `complete -c perfwright -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...flags.map((flag) => `complete -c perfwright -n "__fish_seen_subcommand_from ${name}" -l ${flag.slice(2)}`),
  ])
  return `# perfwright completion for fish: perfwright completion fish | source\n${lines.join('\n')}\n`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
