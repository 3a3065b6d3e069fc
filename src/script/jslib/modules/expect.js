// expect 0.0.4 and 0.0.5: chains of expectations, each a check, in groups; what k6chaijs came after.
import Ajv from 'k6/jslib/ajv'
import { check, group } from 'k6'

export class FunkBrokenChainException extends Error {
  constructor(message) {
    super(message)
    this.brokenChain = true
    this.name = 'FunkBrokenChainException'
  }
}

class Chain {
  constructor(value) {
    this.leftHandValue = value
    this.leftHandValueName = null
  }

  as(name) {
    this.leftHandValueName = name
    return this
  }

  and(value) {
    this.leftHandValue = value
    this.leftHandValueName = null
    return this
  }

  toEqual(expected) {
    const ok = this.leftHandValue === expected
    let name = `${this.leftHandValue} is ${expected}`
    if (this.leftHandValueName) {
      name = `${this.leftHandValueName} is ${this.leftHandValue}.${ok ? '' : ` Expected '${expected}'`}`
    }
    return this._record(name, ok, expected)
  }

  toBeGreaterThan(bound) {
    return this._record(`${this._subject()} is greater than ${bound}`, this.leftHandValue > bound, this.leftHandValue)
  }

  toBeGreaterThanOrEqual(bound) {
    const name = `${this._subject()} is greater or equal to ${bound}`
    return this._record(name, this.leftHandValue >= bound, this.leftHandValue)
  }

  toBeLessThan(bound) {
    return this._record(`${this._subject()} is less than ${bound}`, this.leftHandValue < bound, this.leftHandValue)
  }

  toBeLessThanOrEqual(bound) {
    const name = `${this._subject()} is less or equal to ${bound}`
    return this._record(name, this.leftHandValue <= bound, this.leftHandValue)
  }

  toBeBetween(from, to) {
    const ok = this.leftHandValue >= from && this.leftHandValue <= to
    return this._record(`${this._subject()} is between ${from} - ${to}`, ok, this.leftHandValue)
  }

  toBeTruthy() {
    return this._record(`${this._subject()} is truthy.`, Boolean(this.leftHandValue), this.leftHandValue)
  }

  toHaveValidJson() {
    const response = this.leftHandValue
    if (!response || !Object.hasOwn(response, 'request')) {
      console.error("The object passed to expect/and for toHaveValidJson isn't a k6 HttpResponse. Aborting the check.")
      throw new FunkBrokenChainException('Chain broke, skipping this check')
    }
    let ok = true
    try {
      response.json()
    } catch {
      ok = false
    }
    return this._record(`${response.request.url} has valid json response`, ok)
  }

  toMatchAPISchema(schema) {
    const validate = new Ajv().compile(schema)
    // The second argument is where the value stands; the schema there makes the odd names that checks have in k6.
    const ok = validate(this.leftHandValue, schema)
    const subject = this.leftHandValueName || ''
    check(ok, { [`${subject} schema validation`]: () => ok })
    if (ok) return this
    for (const error of validate.errors) {
      check(ok, { [`${subject} ${error.dataPath} ${error.message}`]: () => ok })
    }
    throw new FunkBrokenChainException('Chain broke, skipping this check')
  }

  _subject() {
    return this.leftHandValueName || this.leftHandValue
  }

  /** The check; a failed one ends the chain and the group around it. */
  _record(name, ok, value) {
    if (value === undefined) check(null, { [name]: ok })
    else check(null, { [name]: ok }, { value })
    if (!ok) throw new FunkBrokenChainException('Chain broke, skipping this check')
    return this
  }
}

export function expect(value) {
  return new Chain(value)
}

/** @returns whether every expectation in `callback` held */
export function describe(testName, callback) {
  let success = true
  group(testName, () => {
    try {
      callback({ expect })
    } catch (error) {
      success = false
      if (error.brokenChain) return
      console.error(`Exception raised in test "${testName}". Failing the test and continuing. \n${String(error)}`)
      check(null, { [`Exception raised "${String(error)}"`]: false })
    }
  })
  return success
}
