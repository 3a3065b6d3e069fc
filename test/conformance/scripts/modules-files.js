// Files that import files; functions that block in them.
import fetchStatus, { twice, name, counter, increment } from './lib/helper.js'
import * as deep from './lib/deep.js'
import values, { one as first } from './lib/values.js'
import { a } from './lib/cycle-a.js'
import { thrower } from './lib/throws.js'
export default function () {
  console.log(fetchStatus('/get'), twice('/status/201').join(), name)
  console.log(deep.both('/get').join(), deep.one + deep.two, deep.text, Object.keys(deep).sort().join())
  console.log(values, first, a(3), a(4))
  increment()
  console.log(counter)
  thrower()
}
