/** What a script gets: messages and errors as objects of its realm. */
import type { Realm } from '../../types.js'
import { RealmDecoder } from './codec/decode.js'
import { JsonError } from './codec/scalar-decode.js'
import type { Types } from './codec/scalar-encode.js'
import { WireError } from './codec/wire-reader.js'
import { schemaOfProtos } from './schema/from-proto.js'
import type { MessageType } from './schema/types.js'
import { Code, CodeObjects, type Status, statusOf } from './status.js'

/** Decoders and constants of one realm; VUs of a worker mostly share one. */
export class RealmObjects {
  readonly decoder: RealmDecoder
  readonly codes: CodeObjects

  constructor(realm: Realm) {
    this.decoder = new RealmDecoder(realm)
    this.codes = new CodeObjects(realm)
  }
}

const byRealm = new WeakMap<Realm['Object'], RealmObjects>()

export function realmObjects(realm: Realm): RealmObjects {
  let objects = byRealm.get(realm.Object)
  if (objects === undefined) {
    objects = new RealmObjects(realm)
    byRealm.set(realm.Object, objects)
  }
  return objects
}

/** A message as the script sees it, or how its call ends, or why it has no JSON. */
export function decodeReply(objects: RealmObjects, type: MessageType, bytes: Buffer, types: Types): unknown {
  try {
    return objects.decoder.decode(type, bytes, types)
  } catch (error) {
    if (error instanceof WireError) return new Undecodable(error.message)
    if (error instanceof JsonError) return error
    throw error
  }
}

export class Undecodable {
  readonly status: Status

  constructor(message: string) {
    this.status = statusOf(Code.Internal, `grpc: failed to unmarshal the received message: proto: ${message}`)
  }
}

/** `{ code, message, details }` of a call that failed; `{}` when its details cannot be shown, as in k6. */
export function statusObject(realm: Realm, objects: RealmObjects, status: Status, types: Types): unknown {
  if (status.details !== undefined) {
    const shown = decodeReply(objects, rpcStatus(), status.details, types)
    if (shown instanceof JsonError) return new realm.Object()
    if (!(shown instanceof Undecodable)) {
      const object = shown as { code: number }
      object.code = status.code
      return object
    }
  }
  return Object.assign(new realm.Object() as Record<string, unknown>, {
    code: status.code,
    message: status.message,
    details: new realm.Array(),
  })
}

let statusType: MessageType | undefined

/** google.rpc.Status. */
function rpcStatus(): MessageType {
  statusType ??= schemaOfProtos(
    ['status'],
    (name) =>
      name === 'status'
        ? `syntax = "proto3"; package google.rpc; import "google/protobuf/any.proto";
           message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }`
        : undefined,
    (name) => name,
  ).messages.get('google.rpc.Status')
  return statusType!
}
