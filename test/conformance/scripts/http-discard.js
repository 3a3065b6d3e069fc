// discardResponseBodies and the exceptions from it.
import http from 'k6/http'
export const options = { discardResponseBodies: true }
export default function () {
  console.log(http.get(`${__ENV.BASE_URL}/get`).body)
  console.log(http.get(`${__ENV.BASE_URL}/text`, { responseType: 'text' }).body)
  console.log(http.get(`${__ENV.BASE_URL}/text`, { responseType: 'binary' }).body.byteLength)
  console.log(http.batch([`${__ENV.BASE_URL}/text`])[0].body)
  try {
    http.get(`${__ENV.BASE_URL}/get`).json()
  } catch (e) {
    console.log(String(e))
  }
}
