/** The family of a command (`find orders {customer: ?}`), and what an answer holds. */
import { type BsonValue, readBson } from './bson.js'

export interface MongoAnswer {
  /** Documents of the batch, or `n` of a write. */
  readonly rows: number
  readonly error: string | undefined
  /** Bytes of the batch. */
  readonly content?: Buffer
}

/** Literals as `?`; names of fields and operators stay, in their order. */
export function familyOfCommand(command: Readonly<Record<string, BsonValue>>): string {
  const [name, target] = Object.entries(command)[0] ?? ['', null]
  const collection =
    typeof target === 'string' ? target : typeof command.collection === 'string' ? command.collection : ''
  const first = (list: BsonValue | undefined): BsonValue | undefined => {
    const one = Array.isArray(list) ? (list[0] as BsonValue | undefined) : undefined
    return isObject(one) ? (one.q ?? one.filter) : undefined
  }
  const filter = command.filter ?? command.query ?? first(command.updates) ?? first(command.deletes)
  const parts = [
    filter === undefined ? '' : shape(filter),
    command.pipeline === undefined ? '' : shape(command.pipeline),
    isObject(command.sort) ? `sort ${shape(command.sort)}` : '',
    typeof command.skip === 'number' && command.skip > 0 ? 'skip ?' : '',
  ]
  return [name, collection, ...parts]
    .filter((part) => part !== '')
    .join(' ')
    .slice(0, 4_000)
}

/** @param bytes  the section's document */
export function readAnswer(bytes: Buffer): MongoAnswer {
  const answer = readBson(bytes)
  const error = typeof answer.errmsg === 'string' ? answer.errmsg.slice(0, 300) : undefined
  const cursor = isObject(answer.cursor) ? answer.cursor : undefined
  const batch = cursor?.firstBatch ?? cursor?.nextBatch ?? answer.values
  if (Array.isArray(batch)) return { rows: batch.length, error, content: Buffer.from(JSON.stringify(batch)) }
  return {
    rows: typeof answer.n === 'number' ? answer.n : 0,
    error,
    content: Buffer.from(JSON.stringify(answer.value ?? answer.n ?? null)),
  }
}

function shape(value: BsonValue): string {
  if (Array.isArray(value)) {
    const shapes = [...new Set((value as readonly BsonValue[]).map(shape))]
    return shapes.every((one) => one === '?') ? '?' : `[${shapes.join(', ')}]`
  }
  if (!isObject(value)) return '?'
  return `{${Object.entries(value)
    .map(([name, inner]) => `${name}: ${shape(inner)}`)
    .join(', ')}}`
}

function isObject(value: BsonValue | undefined): value is { readonly [name: string]: BsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
