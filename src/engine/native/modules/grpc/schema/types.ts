/**
 * What the codec knows of messages and methods, from .proto files, descriptor sets or server reflection alike. It holds
 * what the JSON mapping and the wire format need and nothing else: k6 drops extensions, options and default values too.
 */

export type ScalarKind =
  | 'double'
  | 'float'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'sint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed32'
  | 'sfixed64'
  | 'bool'
  | 'string'
  | 'bytes'

export interface EnumType {
  readonly fullName: string
  readonly byName: ReadonlyMap<string, number>
  /** The first name of each number. */
  readonly byNumber: ReadonlyMap<number, string>
}

export interface Field {
  readonly name: string
  readonly jsonName: string
  readonly number: number
  /** A group is a message between two tags instead of behind its length. */
  readonly kind: ScalarKind | 'enum' | 'message' | 'group'
  readonly message: MessageType | undefined
  readonly enum: EnumType | undefined
  /** A list; a map is not `repeated`. */
  readonly repeated: boolean
  readonly map: { readonly key: Field; readonly value: Field } | undefined
  readonly packed: boolean
  /** Set and unset differ, even for the zero value. */
  readonly presence: boolean
  readonly required: boolean
  /** The oneof that it is part of; also the one that proto3 `optional` makes. */
  readonly oneof: string | undefined
}

export interface MessageType {
  readonly fullName: string
  /** In the order of declaration. */
  readonly fields: readonly Field[]
}

export interface Method {
  readonly name: string
  /** `/package.Service/Method`. */
  readonly fullMethod: string
  readonly package: string
  readonly service: string
  readonly input: MessageType
  readonly output: MessageType
  readonly clientStreaming: boolean
  readonly serverStreaming: boolean
}

export interface Schema {
  readonly methods: readonly Method[]
  /** By full name. */
  readonly messages: ReadonlyMap<string, MessageType>
}

/** Thrown for a schema that cannot be used, in k6's words where k6 has words. */
export class SchemaError extends Error {}

/** The name that protobuf gives a field in JSON: `foo_bar` is fooBar. */
export function jsonNameOf(name: string): string {
  return name.replace(/_+(.?)/g, (_, letter: string) => letter.toUpperCase())
}
