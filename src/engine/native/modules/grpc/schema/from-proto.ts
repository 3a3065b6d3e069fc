/**
 * Reads .proto files. protobufjs parses them (proto2, proto3, editions); names are resolved by it, the model is made
 * here. Its parser is loaded with the first file, because most scripts never need it.
 */
import { createRequire } from 'node:module'
import type * as Protobuf from 'protobufjs'
import { enumOf } from './from-descriptors.js'
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

/** Finds one imported file; undefined when there is none. Its text and what errors call it. */
export type ReadProto = (name: string) => string | undefined

/**
 * The schema of these files and all that they import.
 * @param missing  the error's text for a file that `read` does not know
 * @throws SchemaError  `file:line:column: what`, as k6 writes it
 */
export function schemaOfProtos(files: readonly string[], read: ReadProto, missing: (name: string) => string): Schema {
  const protobuf = createRequire(import.meta.url)('protobufjs') as typeof Protobuf
  const root = new protobuf.Root()
  const seen = new Set<string>()
  const add = (name: string, importedBy: { readonly name: string; readonly source: string } | undefined): void => {
    if (seen.has(name)) return
    seen.add(name)
    const source = read(name)
    if (source === undefined) {
      const known = wellKnown(protobuf, name)
      if (known !== undefined) {
        root.addJSON(known)
        return
      }
      if (importedBy === undefined) throw new SchemaError(missing(name))
      const at = position(importedBy.source, new RegExp(`(?<=import\\s[^;]*)["']${escaped(name)}["']`))
      throw new SchemaError(`${importedBy.name}:${at}: ${missing(name)}`)
    }
    const parsed = parse(protobuf, root, name, source)
    for (const imported of [...(parsed.imports ?? []), ...(parsed.weakImports ?? [])]) add(imported, { name, source })
  }
  for (const name of files) add(name, undefined)
  try {
    root.resolveAll()
  } catch (error) {
    throw unresolved(protobuf, root, error)
  }
  return new Converter(protobuf).convert(root)
}

function parse(protobuf: typeof Protobuf, root: Protobuf.Root, name: string, source: string): Protobuf.IParserResult {
  // The parser names the file in its errors by this property; its types do not know it.
  const parseProto = protobuf.parse as typeof protobuf.parse & { filename: string | null }
  parseProto.filename = name
  try {
    return parseProto(source, root, { keepCase: true, alternateCommentMode: false })
  } catch (error) {
    throw syntaxError(name, source, (error as Error).message)
  } finally {
    parseProto.filename = null
  }
}

/** protobufjs names token and line; k6's parser the column too, and what it wanted. */
function syntaxError(name: string, source: string, message: string): SchemaError {
  const line = Number(/\bline (\d+)\)$/.exec(message)?.[1] ?? 1)
  const token = /^illegal (?:token )?'([^']*)'/.exec(message)?.[1]
  const wanted = /, '([^']*)' expected/.exec(message)?.[1]
  const text = source.split('\n')[line - 1] ?? ''
  const column = token === undefined ? 1 : Math.max(0, text.lastIndexOf(token)) + 1
  const what = wanted !== undefined ? `expecting '${wanted}'` : message.replace(/ \([^()]*line \d+\)$/, '')
  return new SchemaError(`${name}:${line}:${column}: syntax error: ${what}`)
}

/** google/protobuf/*.proto, which no import path needs to hold. */
function wellKnown(protobuf: typeof Protobuf, name: string): Record<string, Protobuf.AnyNestedObject> | undefined {
  if (!/^google\/protobuf\/[a-z_]+\.proto$/.test(name)) return undefined
  const common = protobuf.common.get(name) as { nested?: Record<string, Protobuf.AnyNestedObject> } | null
  if (common?.nested !== undefined) return common.nested
  const require = createRequire(import.meta.url)
  try {
    return (require(`protobufjs/${name.replace(/\.proto$/, '.json')}`) as { nested: never }).nested
  } catch {
    return undefined
  }
}

/** protobufjs names the type that it did not find, k6 also the field that asks for it. */
function unresolved(protobuf: typeof Protobuf, root: Protobuf.Root, error: unknown): SchemaError {
  const { message } = error as Error
  const missing =
    /^no such (?:type|Type or Enum|Type|type or enum)[^']*'([^']*)'/i.exec(message)?.[1] ??
    /^no such (?:type|Type or Enum|Type)[^:]*: (\S+)/i.exec(message)?.[1]
  const owner = missing === undefined ? undefined : ownerOf(protobuf, root, missing)
  return new SchemaError(owner === undefined ? message : `${owner}: unknown type ${missing}`)
}

function ownerOf(protobuf: typeof Protobuf, scope: Protobuf.NamespaceBase, type: string): string | undefined {
  for (const entry of scope.nestedArray) {
    if (entry instanceof protobuf.Type) {
      const field = entry.fieldsArray.find((candidate) => candidate.type === type && candidate.resolvedType === null)
      if (field !== undefined) return `${entry.filename ?? ''}:1:1: field ${trimmed(entry.fullName)}.${field.name}`
    }
    if (entry instanceof protobuf.Service) {
      const method = entry.methodsArray.find(
        ({ requestType, responseType }) => requestType === type || responseType === type,
      )
      if (method !== undefined) return `${entry.filename ?? ''}:1:1: method ${trimmed(entry.fullName)}.${method.name}`
    }
    if (entry instanceof protobuf.Namespace) {
      const inner = ownerOf(protobuf, entry, type)
      if (inner !== undefined) return inner
    }
  }
  return undefined
}

class Converter {
  readonly #protobuf: typeof Protobuf
  readonly #messages = new Map<string, MessageType>()
  readonly #enums = new Map<Protobuf.Enum, EnumType>()
  readonly #methods: Method[] = []

  constructor(protobuf: typeof Protobuf) {
    this.#protobuf = protobuf
  }

  convert(root: Protobuf.Root): Schema {
    this.#walk(root)
    return { methods: this.#methods, messages: this.#messages }
  }

  #walk(scope: Protobuf.NamespaceBase): void {
    const { Type, Service, Namespace } = this.#protobuf
    for (const entry of scope.nestedArray) {
      if (entry instanceof Type) this.#message(entry)
      if (entry instanceof Service) this.#service(entry)
      if (entry instanceof Namespace) this.#walk(entry)
    }
  }

  #service(service: Protobuf.Service): void {
    const fullName = trimmed(service.fullName)
    for (const method of service.methodsArray) {
      method.resolve()
      this.#methods.push({
        name: method.name,
        fullMethod: `/${fullName}/${method.name}`,
        package: fullName.slice(0, Math.max(0, fullName.length - service.name.length - 1)),
        service: service.name,
        input: this.#message(method.resolvedRequestType!),
        output: this.#message(method.resolvedResponseType!),
        clientStreaming: method.requestStream === true,
        serverStreaming: method.responseStream === true,
      })
    }
  }

  #message(type: Protobuf.Type): MessageType {
    const fullName = trimmed(type.fullName)
    const known = this.#messages.get(fullName)
    if (known !== undefined) return known
    const fields: Field[] = []
    const message: MessageType = { fullName, fields }
    // Before its fields: messages may hold themselves.
    this.#messages.set(fullName, message)
    for (const field of type.fieldsArray) {
      // protobufjs puts the extensions of a message among its fields; k6 knows no extensions.
      if (field.declaringField === null) fields.push(this.#field(field))
    }
    return message
  }

  #field(field: Protobuf.Field): Field {
    field.resolve()
    const { Type, Enum, MapField } = this.#protobuf
    const { resolvedType } = field
    const isGroup = resolvedType instanceof Type && (field.delimited || isGroupType(resolvedType))
    // A group's field is its type in lower case; protobufjs lowers the first letter only.
    const name =
      resolvedType instanceof Type && isGroupType(resolvedType) ? resolvedType.name.toLowerCase() : field.name
    const common = {
      name,
      jsonName: (field.options?.['json_name'] as string | undefined) ?? jsonNameOf(name),
      number: field.id,
      required: field.required,
    }
    if (field instanceof MapField) {
      const value = this.#valueType(field)
      const part = {
        jsonName: '',
        repeated: false,
        map: undefined,
        packed: false,
        presence: false,
        required: false,
        oneof: undefined,
      }
      return {
        ...common,
        kind: 'message',
        message: undefined,
        enum: undefined,
        repeated: false,
        map: {
          key: {
            ...part,
            name: 'key',
            jsonName: 'key',
            number: 1,
            kind: field.keyType as ScalarKind,
            message: undefined,
            enum: undefined,
          },
          value: { ...part, name: 'value', jsonName: 'value', number: 2, ...value },
        },
        packed: false,
        presence: false,
        oneof: undefined,
      }
    }
    const type = isGroup ? { ...this.#valueType(field), kind: 'group' as const } : this.#valueType(field)
    return {
      ...common,
      ...type,
      repeated: field.repeated,
      map: undefined,
      packed:
        field.repeated &&
        field.packed &&
        (resolvedType === null ? field.type !== 'string' && field.type !== 'bytes' : resolvedType instanceof Enum),
      presence:
        !field.repeated && (resolvedType instanceof Type || field.partOf !== null || Boolean(field.hasPresence)),
      oneof: field.partOf?.name,
    }
  }

  #valueType(field: Protobuf.Field): Pick<Field, 'kind' | 'message' | 'enum'> {
    const { resolvedType } = field
    if (resolvedType === null) return { kind: field.type as ScalarKind, message: undefined, enum: undefined }
    if (resolvedType instanceof this.#protobuf.Enum) {
      return { kind: 'enum', message: undefined, enum: this.#enum(resolvedType) }
    }
    return { kind: 'message', message: this.#message(resolvedType), enum: undefined }
  }

  #enum(type: Protobuf.Enum): EnumType {
    let known = this.#enums.get(type)
    if (known === undefined) {
      known = enumOf(trimmed(type.fullName), Object.entries(type.values))
      this.#enums.set(type, known)
    }
    return known
  }
}

/** Made by `group`; protobufjs' types leave the mark out. */
function isGroupType(type: Protobuf.Type): boolean {
  return (type as { group?: boolean }).group === true
}

function trimmed(fullName: string): string {
  return fullName.replace(/^\./, '')
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** `line:column` of the first match, counted from 1. */
function position(source: string, pattern: RegExp): string {
  const index = source.search(pattern)
  if (index < 0) return '1:1'
  const before = source.slice(0, index).split('\n')
  return `${before.length}:${before[before.length - 1]!.length + 1}`
}
