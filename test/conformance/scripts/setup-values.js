// args: --iterations 2
export function setup() {
  return [1, 'two', null, { a: undefined, b: [undefined] }, true, 1.5]
}
export default function (data) {
  console.log(JSON.stringify(data.slice(0, 3)), JSON.stringify(data[3].b), data === undefined)
  data.push('kept')
}
