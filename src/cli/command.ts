/** One command of the command line. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** @returns the exit code; throws PerfwrightError for what the caller can mend */
  run(argv: readonly string[], io: CommandIo): Promise<number>
}

/** The process' ports, as parameters. */
export interface CommandIo {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}
