/** `postgres://user:password@host/database`: PostgreSQL 12 and newer, by its statistics views; nothing is written. */
import type { Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../../types.js'
import { Rates } from '../rates.js'
import { placeOf, readServiceUri } from '../service-uri.js'
import { type Abilities, abilitiesOf } from './abilities.js'
import { Activity } from './activity.js'
import { PostgresConnection } from './connection.js'
import { DatabaseStatistics } from './database.js'
import { StatementStatistics } from './statements.js'

export function createPostgresCollector(uri: string): Collector {
  return new PostgresCollector(uri)
}

class PostgresCollector implements Collector {
  readonly part = 'postgres'
  readonly costly = false
  readonly #uri: string
  #context: CollectorContext | undefined
  #source: Source | undefined
  #name = 'PostgreSQL'
  #openedNs: number | undefined
  #ended = { statements: 0, ms: 0 }

  constructor(uri: string) {
    this.#uri = uri
  }

  get describes(): string {
    return `${this.#name} at ${placeOf(readServiceUri(this.#uri, 'postgres://user:password@host/database'), 5432)}`
  }

  async open(context: CollectorContext): Promise<void> {
    // Opened again when it had failed: what it cost until then still counts.
    this.#leave()
    this.#context = context
    this.#openedNs ??= context.clock.nowNs()
    this.#source = await openSource(this.#uri, context)
    this.#name = this.#source.connection.versionText
    const { missing } = this.#source.abilities
    for (const why of missing) context.event('collector', { describes: this.describes, state: 'partial', why })
  }

  async read(): Promise<Readings> {
    return this.#source === undefined ? {} : await readSource(this.#source)
  }

  cost(): Readonly<Record<string, number>> {
    if (this.#context === undefined || this.#openedNs === undefined) return {}
    const seconds = (this.#context.clock.nowNs() - this.#openedNs) / 1e9
    if (seconds <= 0) return {}
    const statements = this.#ended.statements + (this.#source?.connection.statements ?? 0)
    const ms = this.#ended.ms + (this.#source?.statements?.ownMs ?? 0)
    const isTimed = this.#source?.statements !== undefined
    return { statementsPerS: statements / seconds, ...(isTimed ? { targetMsPerS: ms / seconds } : {}) }
  }

  async close(): Promise<void> {
    await this.#source?.connection.close()
  }

  #leave(): void {
    if (this.#source === undefined) return
    this.#ended.statements += this.#source.connection.statements
    this.#ended.ms += this.#source.statements?.ownMs ?? 0
    this.#source = undefined
  }
}

interface Source {
  readonly connection: PostgresConnection
  readonly abilities: Abilities
  readonly activity: Activity
  readonly database: DatabaseStatistics
  readonly statements: StatementStatistics | undefined
}

/** Connects and takes the first reading, from which differences are built. */
async function openSource(uri: string, context: CollectorContext): Promise<Source> {
  const connection = await PostgresConnection.open(uri)
  try {
    const abilities = await abilitiesOf(connection)
    const source: Source = {
      connection,
      abilities,
      activity: new Activity(connection, abilities, context),
      database: new DatabaseStatistics(connection, new Rates(context.clock)),
      statements:
        abilities.statements === undefined
          ? undefined
          : new StatementStatistics(connection, abilities.statements, context),
    }
    await readSource(source)
    return source
  } catch (error) {
    await connection.close()
    throw error
  }
}

async function readSource({ activity, statements, database }: Source): Promise<Readings> {
  return { ...(await activity.read()), ...(await statements?.read()), ...(await database.read()) }
}
