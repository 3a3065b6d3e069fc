/** Postman's `{{name}}`: the collection's own values, and the dynamic ones that Postman draws. */
import { constantName } from '../script/literal.js'
import { Code, type Text, type Variable } from '../script/model.js'
import { isSecretName, type Secrets } from '../recording/secrets.js'

/** What Postman's dynamic variables are in plain JavaScript; others become a variable to be given. */
const DYNAMIC: Readonly<Record<string, string>> = {
  $guid: 'crypto.randomUUID()',
  $randomUUID: 'crypto.randomUUID()',
  $timestamp: 'Math.floor(Date.now() / 1000)',
  $isoTimestamp: 'new Date().toISOString()',
  $randomInt: 'Math.floor(Math.random() * 1001)',
  $randomBoolean: '(Math.random() < 0.5)',
}

export class PostmanVariables {
  readonly #values: ReadonlyMap<string, string>
  readonly #codes = new Map<string, Code>()
  readonly #variables: Variable[] = []
  readonly #taken: Set<string>
  readonly #secrets: Secrets
  /** Set by a test script from an answer: a variable of the iteration. */
  readonly #assigned: ReadonlyMap<string, string>

  constructor(
    values: ReadonlyMap<string, string>,
    assigned: ReadonlyMap<string, string>,
    secrets: Secrets,
    taken: Set<string>,
  ) {
    this.#values = values
    this.#assigned = assigned
    this.#secrets = secrets
    this.#taken = taken
  }

  get found(): readonly Variable[] {
    return this.#variables
  }

  /** The text with an expression for every `{{name}}`. */
  text(raw: string): Text {
    return raw.split(/\{\{([^{}]{1,200})\}\}/).map((piece, i) => (i % 2 === 0 ? piece : this.code(piece.trim())))
  }

  /** An identifier of the script as an expression. */
  own(name: string): Code {
    return new Code(name)
  }

  code(name: string): Code {
    const dynamic = Object.hasOwn(DYNAMIC, name) ? DYNAMIC[name] : undefined
    if (dynamic !== undefined) return new Code(dynamic)
    const assigned = this.#assigned.get(name)
    if (assigned !== undefined) return new Code(assigned)
    const known = this.#codes.get(name)
    if (known !== undefined) return known
    const code = this.#make(name)
    this.#codes.set(name, code)
    return code
  }

  #make(name: string): Code {
    const value = this.#values.get(name) ?? ''
    // What is not given is asked for, like a secret: a request to an empty host tells nobody what is missing.
    if (isSecretName({ kind: 'json', name }))
      return this.#secrets.add(value === '' ? `{{${name}}}` : value, name, `variable {{${name}}}`)
    const constant = constantName(name, this.#taken)
    this.#taken.add(constant)
    this.#variables.push({
      name: constant,
      fallback: value,
      ...(value === '' ? { comment: `{{${name}}} has no value in the collection` } : {}),
    })
    return new Code(constant)
  }
}
