// Expectations of the browser module's locators and pages, tried until they hold or time is up.
import { AssertionFailed, expectedReceivedText, kindOf, receivedOnly, typeMismatch } from './failure.js'

export const locatorMatchers = {
  toBeChecked: state((locator) => locator.isChecked(), 'checked', 'unchecked'),
  toBeDisabled: state((locator) => locator.isDisabled(), 'disabled', 'enabled'),
  toBeEditable: state((locator) => locator.isEditable(), 'editable', 'uneditable'),
  toBeEmpty: state(isEmpty, 'empty', 'not empty'),
  toBeEnabled: state((locator) => locator.isEnabled(), 'enabled', 'disabled'),
  toBeHidden: state((locator) => locator.isHidden(), 'hidden', 'visible'),
  toBeVisible: state((locator) => locator.isVisible(), 'visible', 'hidden'),
  toHaveText: text('match', (actual, expected) => actual === expected),
  toContainText: text('contain', (actual, expected) => actual.includes(expected)),
  toHaveAttribute: {
    args: ['attribute', 'expectedValue'],
    check(received, attribute, expected) {
      const problem =
        typeof attribute !== 'string' || attribute.trim() === ''
          ? 'Attribute name must be a non-empty string'
          : expected !== undefined && typeof expected !== 'string'
            ? 'Expected attribute value must be a string'
            : undefined
      if (problem !== undefined) throw new AssertionFailed({ lines: [['Message', problem, 'red']] })
      requireLocatorOfUnknownType(received)
    },
    async attempt(locator, attribute, expected) {
      const actual = await locator.getAttribute(attribute)
      const subject = `Attribute '${attribute}'`
      if (expected === undefined) {
        if (actual === null) throw new AssertionFailed(said(`${subject} to be present`, `${subject} was not present`))
        return said(`${subject} to not be present`, `${subject} was present`)
      }
      const was = actual === null ? `${subject} was not present` : `${subject} had value '${actual}'`
      if (actual !== expected) throw new AssertionFailed(said(`${subject} to have value '${expected}'`, was))
      return said(`${subject} to not have value '${expected}'`, was)
    },
  },
  toHaveValue: {
    args: ['expected', 'options'],
    check(received, expected) {
      if (typeof expected !== 'string') throw new Error('Expected value must be a string.')
      requireLocator(received)
    },
    retryArgs: (args) => args[1],
    async attempt(locator, expected) {
      const actual = await locator.inputValue()
      if (actual !== expected) throw new AssertionFailed(expectedReceivedText(expected, actual))
      return expectedReceivedText(expected, actual)
    },
  },
  toHaveTitle: {
    args: ['expected', 'options'],
    check(received) {
      if (!hasAll(received, pageMembers)) throw typeMismatch(['Page'], received)
    },
    retryArgs: (args) => args[1],
    attempt: async (page, expected) =>
      compareTexts(await page.title(), expected, undefined, 'match', (a, b) => a === b),
  },
}

/** A yes or no that the locator itself answers. */
function state(ask, yes, no) {
  return {
    args: ['options'],
    check: requireLocator,
    retryArgs: (args) => args[0],
    async attempt(locator) {
      if (!(await ask(locator))) throw new AssertionFailed(said(yes, no))
      return said(no, yes)
    },
  }
}

function text(verb, holds) {
  return {
    args: ['expected', 'options'],
    check: requireLocatorOfUnknownType,
    retryArgs: (args) => args[1],
    async attempt(locator, expected, options) {
      const actual = await (options?.useInnerText ? locator.innerText() : locator.textContent())
      if (actual === null) throw new AssertionFailed(expectedReceivedText(expected, '', 'Element has no text content'))
      return compareTexts(actual, expected, options?.ignoreCase, verb, holds)
    },
  }
}

function compareTexts(actualText, expected, ignoreCase, verb, holds) {
  const actual = normalize(actualText)
  if (kindOf(expected) === 'RegExp') {
    const flags = expected.flags.replace('i', '') + (ignoreCase ? 'i' : '')
    const pattern = ignoreCase === undefined ? expected : new RegExp(expected.source, flags)
    if (!pattern.test(actual)) {
      throw new AssertionFailed(expectedReceivedText(pattern, actual, `'${actual}' did not match pattern ${pattern}`))
    }
    return expectedReceivedText(pattern, actual)
  }
  const wanted = normalize(expected)
  const fold = (value) => (ignoreCase ? value.toLowerCase() : value)
  if (!holds(fold(actual), fold(wanted))) {
    throw new AssertionFailed(expectedReceivedText(wanted, actual, `'${actual}' did not ${verb} '${wanted}'`))
  }
  return expectedReceivedText(wanted, actual)
}

/** Zero-width spaces and soft hyphens do not count, and white space is one space. */
function normalize(value) {
  return value
    .replace(/[\u200b\u00ad]/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}

async function isEmpty(locator) {
  try {
    return (await locator.inputValue()) === ''
  } catch (error) {
    if (!String(error).includes('Node is not an <input>, <textarea> or <select> element')) throw error
    return ((await locator.textContent()) ?? '').trim() === ''
  }
}

function said(expected, received) {
  return {
    lines: [
      ['Expected', expected, 'green'],
      ['Received', received, 'red'],
    ],
  }
}

const pageMembers = ['title', 'goto', 'url', 'close', 'mainFrame', 'waitForLoadState']
const locatorMembers = (
  'clear isEnabled isHidden getAttribute selectOption press type dispatchEvent dblclick setChecked isDisabled focus ' +
  'innerText inputValue check isEditable fill textContent hover waitFor click uncheck isChecked isVisible innerHTML tap'
).split(' ')

function requireLocator(received) {
  if (!hasAll(received, locatorMembers)) throw typeMismatch(['Locator'], received)
}

function requireLocatorOfUnknownType(received) {
  if (!hasAll(received, locatorMembers)) throw new AssertionFailed(receivedOnly('unknown'))
}

function hasAll(value, members) {
  return typeof value === 'object' && value !== null && members.every((member) => member in value)
}
