// args: --batch 2 --batch-per-host 1
import http from 'k6/http'
import { check } from 'k6'
export default function () {
  const r = http.batch(
    Array.from({ length: 6 }, (_, i) => ['GET', `${__ENV.BASE_URL}/delay/20?${i}`, null, { tags: { name: 'b' } }]),
  )
  check(r, { all: (x) => x.length === 6 && x.every((y) => y.status === 200) })
}
