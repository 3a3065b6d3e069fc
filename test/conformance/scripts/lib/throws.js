export function thrower() {
  throw new RangeError('from lib')
}
