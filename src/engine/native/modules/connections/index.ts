/**
 * `perfwright/connections`: this VU's connections in the script's hand, which k6 leaves to its client. For targets behind
 * a balancer that spreads connections, not requests; for clients that come back cold; for the cost of a handshake.
 */
import type { ModuleFactory, VuScope } from '../../types.js'

export const createConnectionsModule: ModuleFactory = (vu) => {
  const exports = {
    closeConnections: () => closeConnections(vu),
    maxRequestsPerConnection: (count?: unknown) => maxRequestsPerConnection(vu, count),
  }
  return { ...exports, default: exports }
}

/** Closes the connections of this VU on which no request is under way; the next request opens one. */
function closeConnections(vu: VuScope): void {
  if (vu.phase !== 'init') vu.connections.closeIdle()
}

/** From now on this VU closes an HTTP/1.1 connection after `count` requests; 1 = a new one for each, 0 = no limit. */
function maxRequestsPerConnection(vu: VuScope, count: unknown): void {
  const { TypeError, GoError } = vu.realm
  if (vu.phase === 'init') throw new GoError('connections can be limited in VU code only')
  const limit = Number(count)
  if (!Number.isInteger(limit) || limit < 0) {
    throw new TypeError('maxRequestsPerConnection takes a whole number of requests, 0 = no limit')
  }
  if (limit === 0) delete vu.connections.maxRequests
  else vu.connections.maxRequests = limit
}
