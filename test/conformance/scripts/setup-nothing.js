export function setup() {}
export default function (data) {
  console.log(typeof data)
}
