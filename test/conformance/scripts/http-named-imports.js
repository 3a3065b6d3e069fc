import { get, post as send, expectedStatuses, CookieJar, file } from 'k6/http'
import * as all from 'k6/http'
export default function () {
  console.log(
    get(`${__ENV.BASE_URL}/get`).status,
    send(`${__ENV.BASE_URL}/anything`, 'x').json('data'),
    typeof expectedStatuses,
    typeof CookieJar,
    typeof file,
  )
  console.log(
    all.get === get,
    Object.keys(all)
      .filter((name) => name !== 'default')
      .sort()
      .join(),
  )
}
