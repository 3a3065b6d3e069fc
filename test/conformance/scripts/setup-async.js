import http from 'k6/http'
export async function setup() {
  const r = await http.asyncRequest('GET', `${__ENV.BASE_URL}/products`)
  return { n: r.json().length, nested: { list: [1, 2] } }
}
export default async function (data) {
  console.log(data.n, data.nested.list.length)
}
export async function teardown(data) {
  console.log('teardown', data.n)
}
