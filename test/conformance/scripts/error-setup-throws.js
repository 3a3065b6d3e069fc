export function setup() {
  throw new Error('in setup')
}
export const options = { iterations: 1 }
export default function () {
  console.log('vu')
}
