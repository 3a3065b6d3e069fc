// k6chaijs 4.3 and 4.5: chai's assertions, each of them also a k6 check.
import chai, { Assertion, AssertionError, assert, config, expect, util } from 'k6/jslib/chai'
import { check, group } from 'k6'
import exec from 'k6/execution'

const { flag, objDisplay, getActual, getOperator, test } = util

Object.assign(config, {
  /** Checks are named without the values, so that there is one for a thousand iterations. */
  aggregateChecks: true,
  logFailures: false,
  exitOnError: false,
  truncateVariableThreshold: 100,
  truncateMsgThreshold: 300,
})

Assertion.addMethod('anonymize', function (fn) {
  flag(this, 'anonymizeMsgFunction', fn ?? ((message = '') => message.replace(/#{this}/g, '<anonymized>')))
})

Assertion.addMethod('validJsonBody', function () {
  const response = flag(this, 'object')
  let valid = true
  try {
    response.json('__perfwright_no_such_key')
  } catch {
    valid = false
  }
  assert(valid, 'has valid json body', 'does not have a valid json body', null, null)
})

Assertion.overwriteMethod('assert', () => assertAndCheck)

function assertAndCheck(expression, message, negatedMessage, expected, actualValue) {
  const showDiff = !expected && !actualValue
  const args = [expression, message, negatedMessage, expected, actualValue, showDiff]
  const ok = test(this, args)
  const actual = getActual(this, args)
  const show = (value) => truncate(String(objDisplay(value)))

  // Chai's words are for failures ("but got 2"); a check that passes has the same name.
  let template = String(flag(this, 'negate') ? negatedMessage : message).replace('but ', '')
  const anonymize = flag(this, 'anonymizeMsgFunction')
  if (anonymize) template = anonymize(template)
  if (typeof template === 'function') template = template()
  template = (template || '').replace(/#{exp}/g, () => show(expected))

  const subject = flag(this, 'message')
  const { aggregateChecks } = config
  let full = template.replace(/#{this}/g, () => show(flag(this, 'object'))).replace(/#{act}/g, () => show(actual))
  if (subject && !aggregateChecks) full = `${subject}: ${full}`
  const anonymous = template.replace(/#{this}/g, () => subject || '${this}').replace(/#{act}/g, () => '${actual}')

  check(null, { [aggregateChecks ? truncate(anonymous) : full]: () => ok })
  if (ok) return

  const text = truncate(full)
  if (config.logFailures) console.warn(text)
  if (config.exitOnError) exec.test.abort(text)
  throw new AssertionError(
    text,
    { actual, expected, showDiff, operator: getOperator(this, args) },
    config.includeStack ? assert : flag(this, 'ssfi'),
  )
}

function truncate(text) {
  const length = config.truncateVariableThreshold
  return text.length > length ? `${text.substring(0, length)}...` : text
}

/** A group whose failed assertion ends it but not the iteration. @returns whether all held */
export function describe(name, fn) {
  let success = true
  group(name, () => {
    try {
      fn()
    } catch (error) {
      success = false
      if (error?.name === 'AssertionError') return
      console.error(`Exception raised in test "${name}". Failing the test and continuing. \n${String(error)}`)
      check(null, { [`Exception raised "${String(error)}"`]: () => false })
    }
  })
  return success
}

export { expect }
export default chai
