/**
 * Tells the functions that the compiler made async from those that the person wrote so. The mark is a comment between
 * `async` and the rest, which `toString` keeps: it costs nothing at run time until somebody asks.
 */
const answers = new WeakMap<object, boolean>()

/** True for an async function that the person wrote; false for all else, also for what the compiler made async. */
export function isPersonsAsync(fn: unknown): boolean {
  // The usual callback is a fresh closure each time: nothing may be kept for it, and one look must do.
  if (typeof fn !== 'function' || tagOf(fn) !== '[object AsyncFunction]') return false
  let answer = answers.get(fn)
  if (answer === undefined) {
    answer = !sourceOf(fn).startsWith('async/*pw*/')
    answers.set(fn, answer)
  }
  return answer
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value)
}

function sourceOf(fn: object): string {
  return Function.prototype.toString.call(fn)
}
