export function setup() {
  return { n: NaN }
}
export const options = { iterations: 1 }
export default function () {
  console.log('vu')
}
