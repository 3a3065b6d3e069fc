// known-difference: thrown-values
// What a script may throw.
// args: --iterations 8
export default function () {
  const kinds = [
    () => {
      throw new TypeError('type')
    },
    () => {
      throw 'text'
    },
    () => {
      throw 5
    },
    () => {
      throw { a: 1 }
    },
    () => {
      throw null
    },
    () => null.x,
    () => undefinedName,
    () => {
      throw undefined
    },
  ]
  kinds[__ITER]()
}
