export const x = 1
export const options = { iterations: 1 }
export default function () {
  console.log('vu')
}
