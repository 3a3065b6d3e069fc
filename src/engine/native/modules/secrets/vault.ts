/** The secrets of one worker: asks each source once per key, and tells of every value before anybody has it. */
import type { Clock } from '#base/clock.js'
import type { Random } from '#base/random.js'
import type { SecretSource, SecretSources } from './sources.js'
import { UrlSource } from './url-source.js'

interface Source {
  get(key: string): Promise<string>
}

export class SecretVault {
  readonly #sources: readonly Source[]
  readonly #names: SecretSources['names']
  readonly #onSecret: (value: string) => void
  readonly #known = new Map<Source, Map<string, Promise<string>>>()

  /** @param onSecret  called with each value before it is handed out: from then on it must not be shown */
  constructor(config: SecretSources, onSecret: (value: string) => void, clock: Clock, random: Random = Math.random) {
    this.#names = config.names
    this.#sources = config.sources.map((source) => createSource(source, clock, random))
    this.#onSecret = onSecret
  }

  /** @throws Error in k6's words */
  async get(name: string, key: string): Promise<string> {
    if (this.#sources.length === 0) throw new Error('no secret sources are configured')
    const source = Object.hasOwn(this.#names, name) ? this.#sources[this.#names[name] as number] : undefined
    if (source === undefined) throw new Error(`no secret source with name ${JSON.stringify(name)} is configured`)
    let known = this.#known.get(source)
    if (known === undefined) this.#known.set(source, (known = new Map()))
    let value = known.get(key)
    if (value === undefined) {
      value = source.get(key).then((secret) => {
        this.#onSecret(secret)
        return secret
      })
      known.set(key, value)
      // What failed is asked again by the next call.
      value.catch(() => known.delete(key))
    }
    return await value
  }
}

function createSource(config: SecretSource, clock: Clock, random: Random): Source {
  if (config.kind === 'url') return new UrlSource(config, clock, random)
  return {
    get: async (key) => {
      if (!Object.hasOwn(config.values, key)) throw new Error('no value')
      return config.values[key] as string
    },
  }
}
