/** Module `k6/net/grpc`. */
import type { VuScope } from '../../types.js'
import { realmObject } from '../encoding/go-values.js'
import { GrpcClient } from './client.js'
import { realmObjects } from './reply.js'
import { createStream, type StreamMetrics } from './stream.js'

export function createGrpcModule(vu: VuScope): Record<string, unknown> {
  const { realm } = vu
  const metrics: StreamMetrics = {
    streams: vu.defineMetric('grpc_streams', 'counter', 'default'),
    sent: vu.defineMetric('grpc_streams_msgs_sent', 'counter', 'default'),
    received: vu.defineMetric('grpc_streams_msgs_received', 'counter', 'default'),
  }
  const clients = new WeakMap<object, GrpcClient>()
  const exports = {
    ...realmObjects(realm).codes.constants(),
    // Both are called without `new` in some scripts, which k6 allows.
    Client: function Client(): object {
      const client = new GrpcClient(vu)
      const object = clientObject(vu, client)
      clients.set(object, client)
      return object
    },
    Stream: function Stream(client?: unknown, method?: unknown, params?: unknown): object {
      return createStream(vu, connected(vu, clients, client), method, params, metrics)
    },
  }
  return { default: realmObject(realm, exports), ...exports }
}

function clientObject(vu: VuScope, client: GrpcClient): object {
  // In the order in which k6 lists them.
  return realmObject(vu.realm, {
    asyncInvoke: (...args: unknown[]) => client.asyncInvoke(args[0], args[1], args[2], args.length),
    close: () => client.close(),
    connect: (address?: unknown, params?: unknown) => client.connect(address, params),
    healthCheck: (service?: unknown) => client.healthCheck(service),
    invoke: (...args: unknown[]) => client.invoke(args[0], args[1], args[2], args.length),
    load: (importPaths?: unknown, ...files: unknown[]) => client.load(importPaths, files),
    loadProtoset: (path?: unknown) => client.loadProtoset(path),
  })
}

function connected(vu: VuScope, clients: WeakMap<object, GrpcClient>, value: unknown): GrpcClient {
  const fail = (text: string): Error => new vu.realm.GoError(`invalid GRPC Stream's client: ${text}`)
  if (value === undefined || value === null) throw fail('empty gRPC client')
  const client = typeof value === 'object' ? clients.get(value) : undefined
  if (client === undefined) throw fail('not a gRPC client')
  if (client.context === undefined) throw fail('no gRPC connection, you must call connect first')
  return client
}
