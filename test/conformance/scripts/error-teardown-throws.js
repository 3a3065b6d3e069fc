export function teardown() {
  throw new Error('in teardown')
}
export const options = { iterations: 1 }
export default function () {
  console.log('vu')
}
