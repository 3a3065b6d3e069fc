/** `serverStatus` as differences. Fields by the MongoDB manual, versions 5 to 8; what a version lacks is left out. */
import type { Reading, Readings } from '#record/observed.js'
import { byTag } from '../bounded-names.js'
import { type Rates, ratioOf } from '../rates.js'

const operations = ['insert', 'query', 'update', 'delete', 'getmore', 'command'] as const
const latencies = ['reads', 'writes', 'commands', 'transactions'] as const

/** @param ownCommands  commands of ours since the reading before, which the server counts too */
export function statusReadings(status: unknown, rates: Rates, ownCommands: number): Readings {
  const number = (...path: string[]): number | undefined => numberAt(status, path)
  rates.begin()
  const perS = (name: string, ...path: string[]): number | undefined => rates.perS(name, number(...path))
  const current = number('connections', 'current')
  const available = number('connections', 'available')
  const used = number('wiredTiger', 'cache', 'bytes currently in the cache')
  const limit = number('wiredTiger', 'cache', 'maximum bytes configured')
  const requested = rates.delta('pages requested', number('wiredTiger', 'cache', 'pages requested from the cache'))
  const read = rates.delta('pages read', number('wiredTiger', 'cache', 'pages read into cache'))
  return {
    connections: current,
    connections_active: number('connections', 'active'),
    connections_limit: current === undefined || available === undefined ? undefined : current + available,
    operations_per_s: operationsPerS(number, rates, ownCommands),
    operation_ms_per_s: byTag(
      'type',
      latencies.flatMap((type) => {
        const micros = perS(`latency ${type}`, 'opLatencies', type, 'latency')
        return micros === undefined ? [] : [[type, micros / 1000] as const]
      }),
    ),
    queued: number('globalLock', 'currentQueue', 'total'),
    tickets_available: ticketsOf(number),
    documents_examined_per_s: perS('examined', 'metrics', 'queryExecutor', 'scannedObjects'),
    keys_examined_per_s: perS('keys', 'metrics', 'queryExecutor', 'scanned'),
    documents_returned_per_s: perS('returned', 'metrics', 'document', 'returned'),
    collection_scans_per_s: perS('scans', 'metrics', 'queryExecutor', 'collectionScans', 'total'),
    sorts_without_index_per_s: perS('sorts', 'metrics', 'operation', 'scanAndOrder'),
    write_conflicts_per_s: perS('conflicts', 'metrics', 'operation', 'writeConflicts'),
    cache_used_ratio: used === undefined || limit === undefined || limit <= 0 ? undefined : used / limit,
    cache_hit_ratio: requested === undefined || read === undefined ? undefined : ratioOf(requested - read, read),
    memory_bytes: megabytes(number('mem', 'resident')),
  }
}

type NumberAt = (...path: string[]) => number | undefined

function operationsPerS(number: NumberAt, rates: Rates, ownCommands: number): Reading {
  const found: [string, number][] = []
  for (const type of operations) {
    const grown = rates.delta(`operation ${type}`, number('opcounters', type))
    if (grown === undefined || rates.seconds <= 0) continue
    found.push([type, Math.max(0, grown - (type === 'command' ? ownCommands : 0)) / rates.seconds])
  }
  return byTag('type', found)
}

/** Since version 7 under `queues.execution`, before under `wiredTiger.concurrentTransactions`. */
function ticketsOf(number: NumberAt): Reading {
  const found: [string, number][] = []
  for (const type of ['read', 'write']) {
    const available =
      number('queues', 'execution', type, 'available') ??
      number('wiredTiger', 'concurrentTransactions', type, 'available')
    if (available !== undefined) found.push([type, available])
  }
  return byTag('type', found)
}

function megabytes(value: number | undefined): number | undefined {
  return value === undefined || value <= 0 ? undefined : value * 1024 * 1024
}

/** 64-bit numbers come as numbers, bigint or the driver's Long, after what they are. */
function numberAt(root: unknown, path: readonly string[]): number | undefined {
  let at = root
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  if (at === undefined || at === null) return undefined
  const value = Number(at)
  return Number.isFinite(value) ? value : undefined
}
