import { check } from 'k6'
export default function () {
  check(null, { first: true, 'throws here': (v) => v.x === 1, never: true })
}
