// Stacks through functions, methods, callbacks.
import { group } from 'k6'
class A {
  method() {
    throw new Error('deep')
  }
}
function middle() {
  return new A().method()
}
export default function () {
  group('g', () => {
    ;[1].forEach(() => middle())
  })
}
