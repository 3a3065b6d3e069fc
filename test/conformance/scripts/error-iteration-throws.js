// known-difference: thrown-values
import { group } from 'k6'
export const options = { iterations: 8 }
function deep() {
  throw new TypeError('from deep')
}
class Mine extends Error {
  constructor(m) {
    super(m)
    this.name = 'Mine'
  }
}
export default function () {
  switch (__ITER) {
    case 0:
      throw new Error('plain')
    case 1:
      deep()
    case 2:
      throw 'a string'
    case 3:
      throw { code: 5 }
    case 4:
      undefinedName()
    case 5:
      group('g', () => {
        throw new Mine('in group')
      })
    case 6:
      null.x
    case 7:
      return 'fine'
  }
}
