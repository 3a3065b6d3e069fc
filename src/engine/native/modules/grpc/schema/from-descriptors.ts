/**
 * Reads serialized file descriptors (a protoset, or what server reflection answers). They come from outside, so every
 * reference and every length is checked. Field numbers: google/protobuf/descriptor.proto.
 */
import { WireError, WireReader } from '../codec/wire-reader.js'
import {
  type EnumType,
  type Field,
  jsonNameOf,
  type MessageType,
  type Method,
  type ScalarKind,
  type Schema,
  SchemaError,
} from './types.js'

/**
 * The schema of a serialized FileDescriptorSet.
 * @throws SchemaError when the bytes are no descriptor set, or refer to what they do not hold
 */
export function schemaOfDescriptorSet(bytes: Uint8Array): Schema {
  const files: Uint8Array[] = []
  each(bytes, (number, reader) => number === 1 && files.push(reader.bytes()))
  return schemaOfFiles(files)
}

/** As `schemaOfDescriptorSet`, of serialized FileDescriptorProtos. A file that is there twice counts once. */
export function schemaOfFiles(files: readonly Uint8Array[]): Schema {
  const builder = new Builder()
  const seen = new Set<string>()
  for (const bytes of files) {
    const file = readFile(bytes)
    if (seen.has(file.name)) continue
    seen.add(file.name)
    builder.addFile(file)
  }
  return builder.build()
}

/** Name and dependencies of a serialized FileDescriptorProto. */
export function fileHead(bytes: Uint8Array): { readonly name: string; readonly dependencies: readonly string[] } {
  const { name, dependencies } = readFile(bytes)
  return { name, dependencies }
}

const maxNesting = 64

interface FileProto {
  name: string
  package: string
  dependencies: string[]
  messages: MessageProto[]
  enums: EnumProto[]
  services: ServiceProto[]
  features: Features
}

interface MessageProto {
  name: string
  fields: FieldProto[]
  nested: MessageProto[]
  enums: EnumProto[]
  oneofs: string[]
  mapEntry: boolean
  features: Partial<Features>
}

interface FieldProto {
  name: string
  jsonName: string | undefined
  number: number
  label: number
  type: number
  typeName: string
  packed: boolean | undefined
  oneofIndex: number | undefined
  proto3Optional: boolean
  features: Partial<Features>
}

interface EnumProto {
  name: string
  values: [string, number][]
}

interface ServiceProto {
  name: string
  methods: { name: string; input: string; output: string; clientStreaming: boolean; serverStreaming: boolean }[]
}

/** What of google.protobuf.FeatureSet matters on the wire. */
interface Features {
  presence: 'explicit' | 'implicit' | 'required'
  packed: boolean
  delimited: boolean
}

const byType: readonly (ScalarKind | 'enum' | 'message' | 'group' | undefined)[] = [
  undefined,
  'double',
  'float',
  'int64',
  'uint64',
  'int32',
  'fixed64',
  'fixed32',
  'bool',
  'string',
  'group',
  'message',
  'bytes',
  'uint32',
  'enum',
  'sfixed32',
  'sfixed64',
  'sint32',
  'sint64',
]

class Builder {
  readonly #messages = new Map<string, MessageType & { fields: Field[] }>()
  readonly #mapEntries = new Set<string>()
  readonly #enums = new Map<string, EnumType>()
  readonly #services: { file: FileProto; service: ServiceProto }[] = []
  readonly #pending: (() => void)[] = []

  addFile(file: FileProto): void {
    for (const proto of file.enums) this.#addEnum(file.package, proto)
    for (const proto of file.messages) this.#addMessage(file.package, proto, file.features)
    for (const service of file.services) this.#services.push({ file, service })
  }

  build(): Schema {
    for (const link of this.#pending) link()
    const methods = this.#services.flatMap(({ file, service }) =>
      service.methods.map((method): Method => {
        const name = qualified(file.package, service.name)
        return {
          name: method.name,
          fullMethod: `/${name}/${method.name}`,
          package: file.package,
          service: service.name,
          input: this.#message(method.input, `method ${name}.${method.name}`),
          output: this.#message(method.output, `method ${name}.${method.name}`),
          clientStreaming: method.clientStreaming,
          serverStreaming: method.serverStreaming,
        }
      }),
    )
    return { methods, messages: this.#messages }
  }

  #addEnum(scope: string, proto: EnumProto): void {
    this.#enums.set(qualified(scope, proto.name), enumOf(qualified(scope, proto.name), proto.values))
  }

  #addMessage(scope: string, proto: MessageProto, inherited: Features): void {
    const fullName = qualified(scope, proto.name)
    const features = { ...inherited, ...proto.features }
    const message = { fullName, fields: [] as Field[] }
    this.#messages.set(fullName, message)
    if (proto.mapEntry) this.#mapEntries.add(fullName)
    for (const nested of proto.nested) this.#addMessage(fullName, nested, features)
    for (const nested of proto.enums) this.#addEnum(fullName, nested)
    this.#pending.push(() => {
      for (const field of proto.fields) message.fields.push(this.#field(fullName, field, proto, features))
    })
  }

  #field(owner: string, proto: FieldProto, message: MessageProto, inherited: Features): Field {
    const where = `field ${owner}.${proto.name}`
    let kind = byType[proto.type]
    const typeName = proto.typeName.replace(/^\./, '')
    if (kind === undefined) {
      // Written by tools that leave the kind of a named type to the reader.
      kind = this.#enums.has(typeName) ? 'enum' : 'message'
    }
    const features = { ...inherited, ...proto.features }
    if (kind === 'message' && features.delimited) kind = 'group'
    const repeated = proto.label === 3
    const type = kind === 'message' || kind === 'group' ? this.#message(typeName, where) : undefined
    if (type !== undefined && repeated && this.#mapEntries.has(typeName)) return this.#mapField(proto, type)
    const oneof = proto.oneofIndex === undefined ? undefined : message.oneofs[proto.oneofIndex]
    return {
      name: proto.name,
      jsonName: proto.jsonName ?? jsonNameOf(proto.name),
      number: fieldNumber(proto, where),
      kind,
      message: type,
      enum: kind === 'enum' ? this.#enum(typeName, where) : undefined,
      repeated,
      map: undefined,
      packed:
        repeated &&
        (proto.packed ?? features.packed) &&
        kind !== 'string' &&
        kind !== 'bytes' &&
        kind !== 'message' &&
        kind !== 'group',
      presence:
        !repeated &&
        (type !== undefined || oneof !== undefined || proto.proto3Optional || features.presence !== 'implicit'),
      required: !repeated && (proto.label === 2 || features.presence === 'required'),
      oneof,
    }
  }

  #mapField(proto: FieldProto, entry: MessageType): Field {
    // The entry's own fields may not be linked yet: they are read when the map is first used.
    const part = (number: number): Field => {
      const field = entry.fields.find((candidate) => candidate.number === number)
      if (field === undefined) throw new SchemaError(`map entry ${entry.fullName} has no field ${number}`)
      return field
    }
    let map: Field['map']
    return {
      name: proto.name,
      jsonName: proto.jsonName ?? jsonNameOf(proto.name),
      number: fieldNumber(proto, entry.fullName),
      kind: 'message',
      message: entry,
      enum: undefined,
      repeated: false,
      get map() {
        return (map ??= { key: part(1), value: part(2) })
      },
      packed: false,
      presence: false,
      required: false,
      oneof: undefined,
    }
  }

  #message(name: string, where: string): MessageType {
    const message = this.#messages.get(name.replace(/^\./, ''))
    if (message === undefined) throw new SchemaError(`${where}: unknown type ${name.replace(/^\./, '')}`)
    return message
  }

  #enum(name: string, where: string): EnumType {
    const found = this.#enums.get(name)
    if (found === undefined) throw new SchemaError(`${where}: unknown type ${name}`)
    return found
  }
}

/** An enum from its names in order; a number keeps the first of its names. */
export function enumOf(fullName: string, values: readonly (readonly [string, number])[]): EnumType {
  const byNumber = new Map<number, string>()
  for (const [name, number] of values) if (!byNumber.has(number)) byNumber.set(number, name)
  return { fullName, byName: new Map(values), byNumber }
}

function qualified(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}

function fieldNumber(proto: FieldProto, where: string): number {
  if (proto.number < 1 || proto.number > 536_870_911) throw new SchemaError(`${where}: bad number ${proto.number}`)
  return proto.number
}

function readFile(bytes: Uint8Array): FileProto {
  const file: FileProto = {
    name: '',
    package: '',
    dependencies: [],
    messages: [],
    enums: [],
    services: [],
    features: proto2Features,
  }
  let syntax = ''
  let own: Partial<Features> = {}
  each(bytes, (number, reader) => {
    switch (number) {
      case 1:
        file.name = reader.string()
        return true
      case 2:
        file.package = reader.string()
        return true
      case 3:
        return file.dependencies.push(reader.string())
      case 4:
        return file.messages.push(readMessage(reader.bytes(), 0))
      case 5:
        return file.enums.push(readEnum(reader.bytes()))
      case 6:
        return file.services.push(readService(reader.bytes()))
      case 8:
        own = readFeatures(reader.bytes(), 50)
        return true
      case 12:
        syntax = reader.string()
        return true
      default:
        return false
    }
  })
  const base = syntax === 'proto3' ? proto3Features : syntax === 'editions' ? editionFeatures : proto2Features
  file.features = { ...base, ...own }
  return file
}

const proto2Features: Features = { presence: 'explicit', packed: false, delimited: false }
const proto3Features: Features = { presence: 'implicit', packed: true, delimited: false }
const editionFeatures: Features = { presence: 'explicit', packed: true, delimited: false }

function readMessage(bytes: Uint8Array, depth: number): MessageProto {
  if (depth > maxNesting) throw new SchemaError('messages are nested too deeply')
  const message: MessageProto = {
    name: '',
    fields: [],
    nested: [],
    enums: [],
    oneofs: [],
    mapEntry: false,
    features: {},
  }
  each(bytes, (number, reader) => {
    switch (number) {
      case 1:
        message.name = reader.string()
        return true
      case 2:
        return message.fields.push(readField(reader.bytes()))
      case 3:
        return message.nested.push(readMessage(reader.bytes(), depth + 1))
      case 4:
        return message.enums.push(readEnum(reader.bytes()))
      case 7: {
        const options = reader.bytes()
        each(options, (option, inner) => {
          if (option !== 7) return false
          message.mapEntry = inner.uint32() !== 0
          return true
        })
        message.features = readFeatures(options, 12)
        return true
      }
      case 8: {
        let name = ''
        each(reader.bytes(), (part, inner) => {
          if (part !== 1) return false
          name = inner.string()
          return true
        })
        return message.oneofs.push(name)
      }
      default:
        return false
    }
  })
  return message
}

function readField(bytes: Uint8Array): FieldProto {
  const field: FieldProto = {
    name: '',
    jsonName: undefined,
    number: 0,
    label: 1,
    type: 0,
    typeName: '',
    packed: undefined,
    oneofIndex: undefined,
    proto3Optional: false,
    features: {},
  }
  each(bytes, (number, reader) => {
    switch (number) {
      case 1:
        field.name = reader.string()
        return true
      case 3:
        field.number = reader.uint32()
        return true
      case 4:
        field.label = reader.uint32()
        return true
      case 5:
        field.type = reader.uint32()
        return true
      case 6:
        field.typeName = reader.string()
        return true
      case 8: {
        const options = reader.bytes()
        each(options, (option, inner) => {
          if (option !== 2) return false
          field.packed = inner.uint32() !== 0
          return true
        })
        field.features = readFeatures(options, 21)
        return true
      }
      case 9:
        field.oneofIndex = reader.uint32()
        return true
      case 10:
        field.jsonName = reader.string()
        return true
      case 17:
        field.proto3Optional = reader.uint32() !== 0
        return true
      default:
        return false
    }
  })
  return field
}

function readEnum(bytes: Uint8Array): EnumProto {
  const out: EnumProto = { name: '', values: [] }
  each(bytes, (number, reader) => {
    if (number === 1) out.name = reader.string()
    else if (number === 2) {
      let [name, value] = ['', 0]
      each(reader.bytes(), (part, inner) => {
        if (part === 1) name = inner.string()
        else if (part === 2) value = inner.uint32() | 0
        else return false
        return true
      })
      out.values.push([name, value])
    } else return false
    return true
  })
  return out
}

function readService(bytes: Uint8Array): ServiceProto {
  const service: ServiceProto = { name: '', methods: [] }
  each(bytes, (number, reader) => {
    if (number === 1) service.name = reader.string()
    else if (number === 2) {
      const method = { name: '', input: '', output: '', clientStreaming: false, serverStreaming: false }
      each(reader.bytes(), (part, inner) => {
        if (part === 1) method.name = inner.string()
        else if (part === 2) method.input = inner.string()
        else if (part === 3) method.output = inner.string()
        else if (part === 5) method.clientStreaming = inner.uint32() !== 0
        else if (part === 6) method.serverStreaming = inner.uint32() !== 0
        else return false
        return true
      })
      service.methods.push(method)
    } else return false
    return true
  })
  return service
}

/** The FeatureSet under field `at` of some options. */
function readFeatures(options: Uint8Array, at: number): Partial<Features> {
  const features: Partial<Features> = {}
  each(options, (number, reader) => {
    if (number !== at) return false
    each(reader.bytes(), (part, inner) => {
      if (part === 1) features.presence = (['explicit', 'explicit', 'implicit', 'required'] as const)[inner.uint32()]!
      else if (part === 3) features.packed = inner.uint32() === 1
      else if (part === 5) features.delimited = inner.uint32() === 2
      else return false
      return true
    })
    return true
  })
  if (features.presence === undefined) delete features.presence
  return features
}

/** Calls `read` for every field; what it answers with a falsy value is skipped. */
function each(bytes: Uint8Array, read: (number: number, reader: WireReader) => unknown): void {
  const reader = new WireReader(bytes)
  try {
    while (reader.pos < reader.end) {
      const tag = reader.uint32()
      const before = reader.pos
      if (!read(tag >>> 3, reader)) {
        reader.pos = before
        reader.skip(tag, 0)
      }
    }
  } catch (error) {
    if (error instanceof WireError) throw new SchemaError(`proto: ${error.message}`, { cause: error })
    throw error
  }
}
