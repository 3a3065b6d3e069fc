throw 'text'
export const options = { iterations: 1 }
export default function () {
  console.log('vu')
}
