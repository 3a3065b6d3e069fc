/** Why there is no MariaDB here, with the line that installs it; undefined when there is one. */
export const mariadbMissing: string | undefined
export interface MariadbServer {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  readonly dir: string
  readonly data: string
  readonly pid: number
  /** Runs SQL as root by the command-line client; the answer tab-separated, without heads. @throws with its words */
  sql(text: string): string
  stop(): Promise<void>
}
export function startMariadb(options?: {
  readonly settings?: Readonly<Record<string, string>>
  readonly performanceSchema?: boolean
}): Promise<MariadbServer>
