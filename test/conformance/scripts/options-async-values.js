// options made by code.
const make = () => ({ iterations: 2 })
export const options = { ...make(), tags: { n: `${1 + 1}` } }
import exec from 'k6/execution'
export default function () {
  console.log(exec.vu.tags.n)
}
