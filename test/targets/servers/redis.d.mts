/** Why there is no Redis here, with the line that installs it; undefined when there is one. */
export const redisMissing: string | undefined
export interface RedisServer {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly dir: string
  readonly pid: number
  /** One command by redis-cli. @throws with its words */
  cli(...words: string[]): string
  stop(): Promise<void>
}
export function startRedis(options?: { readonly settings?: Readonly<Record<string, string>> }): Promise<RedisServer>
