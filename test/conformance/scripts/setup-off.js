// args: --no-setup --no-teardown
export function setup() {
  throw new Error('setup')
}
export default function (data) {
  console.log(typeof data)
}
export function teardown() {
  throw new Error('teardown')
}
