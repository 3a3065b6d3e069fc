// known-difference: constructor-frames
class MyError extends Error {
  constructor(m) {
    super(m)
    this.name = 'MyError'
  }
}
export default function () {
  const e = new MyError('own')
  console.log(String(e), e instanceof MyError, e instanceof Error)
  throw e
}
