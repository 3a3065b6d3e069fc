// ordered
import http from 'k6/http'
async function inner(i) {
  const r = http.get(`${__ENV.BASE_URL}/product/${i}`)
  await null
  return r.json('id')
}
class Client {
  #base = __ENV.BASE_URL
  async get(p) {
    return (await http.asyncRequest('GET', this.#base + p)).status
  }
  sync(p) {
    return http.get(this.#base + p).status
  }
}
export default async function () {
  console.log(await inner(1), await inner(2))
  const c = new Client()
  console.log(await c.get('/get'), c.sync('/get'))
  console.log([1, 2, 3].map((i) => http.get(`${__ENV.BASE_URL}/product/${i}`).json('id')).join())
  console.log([3, 1, 2].filter((i) => http.get(`${__ENV.BASE_URL}/product/${i}`).json('id') > 1).join())
  console.log([5, 3].reduce((sum, i) => sum + http.get(`${__ENV.BASE_URL}/product/${i}`).json('id'), 0))
  ;[1].forEach(() => console.log(http.get(`${__ENV.BASE_URL}/get`).status))
}
