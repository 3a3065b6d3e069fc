/** What a rejected promise of the browser module says, as near to k6's words as playwright's errors allow. */

/**
 * @param member  the member that was called: `click`
 * @param target  selector or URL, when there is one
 */
export function browserErrorText(error: unknown, member: string, target: string | undefined): string {
  const { message } = error as Error
  // Playwright puts the method before the message and a log of what it tried after it.
  const plain = (message.split('\nCall log:')[0] ?? '')
    .replace(/^[a-zA-Z]+\.[a-zA-Z$]+: /, '')
    .replace(ansi, '')
    .trim()
  const what = target === undefined ? '' : ` ${JSON.stringify(target)}`
  const timeout = /^Timeout (\d+)ms exceeded/.exec(plain)
  const why = timeout === null ? plain : `timed out after ${timeoutText(Number(timeout[1]))}`
  if (member === 'goto') {
    const net = /net::\w+/.exec(plain)?.[0]
    return `navigating page: navigating frame to${what}: ${net ?? why}`
  }
  if (member === 'evaluate' || member === 'evaluateHandle') return `evaluating JS: ${why}`
  if (/strict mode violation/.test(plain)) {
    return `${doing(member)}${what}: strict mode violation, multiple elements returned for selector query`
  }
  return `${doing(member)}${what}: ${why}`
}

// Colours of a terminal, which playwright gives its logs.
// oxlint-disable-next-line no-control-regex
const ansi = /\u001b\[\d+m/g

function timeoutText(ms: number): string {
  return ms >= 1000 ? `${ms / 1000}s` : `${ms}ms`
}

const words: Readonly<Record<string, string>> = {
  check: 'checking',
  click: 'clicking on',
  dblclick: 'double clicking on',
  fill: 'filling',
  focus: 'focusing on',
  getAttribute: 'getting attribute of',
  hover: 'hovering on',
  innerHTML: 'getting inner HTML of',
  innerText: 'getting inner text of',
  inputValue: 'getting input value of',
  press: 'pressing',
  selectOption: 'selecting option',
  tap: 'tapping',
  textContent: 'getting text content of',
  type: 'typing into',
  uncheck: 'unchecking',
  waitFor: 'waiting for',
  waitForSelector: 'waiting for selector',
  waitForURL: 'waiting for URL',
}

function doing(member: string): string {
  return words[member] ?? member
}
