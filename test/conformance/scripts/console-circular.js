// Circular values
export default function () {
  const o = { a: 1 }
  o.self = o
  console.log(o)
  console.log({
    toJSON() {
      return 'json'
    },
  })
  console.log(
    {
      get bad() {
        throw new Error('x')
      },
    }
      ? 'made'
      : '',
  )
}
