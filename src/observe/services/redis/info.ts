/** Redis' INFO, as text from a server that is not trusted: `name:value` lines under `# Section` heads. */

export class RedisInfo {
  readonly #fields = new Map<string, string>()

  constructor(text: string) {
    for (const line of text.split(/\r?\n/)) {
      const colon = line.indexOf(':')
      if (colon > 0 && !line.startsWith('#')) this.#fields.set(line.slice(0, colon), line.slice(colon + 1))
    }
  }

  text(name: string): string | undefined {
    return this.#fields.get(name)
  }

  /** Undefined when the server does not have it: older versions and compatible servers lack fields. */
  number(name: string): number | undefined {
    const text = this.#fields.get(name)
    const value = text === undefined || text === '' ? Number.NaN : Number(text)
    return Number.isFinite(value) ? value : undefined
  }

  /** `cmdstat_get:calls=3,usec=12,...`: calls and microseconds by command, sub-commands as `config|get`. */
  *commands(): Iterable<{ readonly name: string; readonly calls: number; readonly micros: number }> {
    for (const [field, value] of this.#fields) {
      if (!field.startsWith('cmdstat_')) continue
      const [, calls] = /(?:^|,)calls=(\d+)/.exec(value) ?? []
      const [, micros] = /(?:^|,)usec=(\d+)/.exec(value) ?? []
      if (calls === undefined || micros === undefined) continue
      yield { name: field.slice(8).toLowerCase(), calls: Number(calls), micros: Number(micros) }
    }
  }

  /** Keys of all databases. */
  keys(): number {
    let sum = 0
    for (const [field, value] of this.#fields) {
      if (/^db\d+$/.test(field)) sum += Number(/(?:^|,)keys=(\d+)/.exec(value)?.[1] ?? 0)
    }
    return sum
  }
}
