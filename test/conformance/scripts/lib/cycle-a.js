import { b } from './cycle-b.js'
export function a(n) {
  return n === 0 ? 'a' : b(n - 1)
}
