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
  get lazy() {
    return http.get(`${this.#base}/get`).status
  }
}
function* numbers() {
  yield http.get(`${__ENV.BASE_URL}/status/201`).status
  yield 2
}
export default async function () {
  console.log(await inner(1), await inner(2))
  const c = new Client()
  console.log(await c.get('/get'), c.sync('/get'))
  console.log(c.lazy)
  console.log([...numbers()].join())
  console.log([1, 2, 3].map((i) => http.get(`${__ENV.BASE_URL}/product/${i}`).json('id')).join())
  console.log([3, 1, 2].filter((i) => http.get(`${__ENV.BASE_URL}/product/${i}`).json('id') > 1).join())
  const o = {
    get status() {
      return http.get(`${__ENV.BASE_URL}/get`).status
    },
  }
  console.log(o.status)
  console.log([5, 3].reduce((sum, i) => sum + http.get(`${__ENV.BASE_URL}/product/${i}`).json('id'), 0))
  ;[1].forEach(() => console.log(http.get(`${__ENV.BASE_URL}/get`).status))
}
