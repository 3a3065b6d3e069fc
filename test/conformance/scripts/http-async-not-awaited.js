// An iteration waits for what it left behind.
// args: --iterations 2
import http from 'k6/http'
export default function () {
  http.asyncRequest('GET', `${__ENV.BASE_URL}/delay/30`).then((r) => console.log('late', __ITER, r.status))
  console.log('end', __ITER)
}
