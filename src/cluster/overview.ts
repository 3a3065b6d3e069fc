/** Agents and runs that are there. */
import type { KV } from '@nats-io/kv'
import { type Bus, readJson } from './bus.js'
import { type AgentEntry, AGENTS_BUCKET, REGISTER_NS, type RunEntry, RUNS_BUCKET } from './protocol.js'

export interface Overview {
  readonly agents: readonly AgentEntry[]
  readonly runs: readonly RunEntry[]
}

export async function overviewOf(bus: Bus): Promise<Overview> {
  const agents = await entries<AgentEntry>(await bus.bucket(AGENTS_BUCKET, 3 * REGISTER_NS))
  const runs = await entries<RunEntry>(await bus.bucket(RUNS_BUCKET))
  return {
    agents: agents.sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1)),
    runs: runs.sort((a, b) => a.startedUnixMs - b.startedUnixMs),
  }
}

async function entries<T>(store: KV): Promise<T[]> {
  const found: T[] = []
  for await (const key of await store.keys()) {
    const value = readJson<T>((await store.get(key))?.string())
    if (value !== undefined) found.push(value)
  }
  return found
}
