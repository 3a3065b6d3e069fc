// The option maxRedirects, from the script.
import http from 'k6/http'
export const options = { maxRedirects: 1 }
export default function () {
  console.log(http.get(`${__ENV.BASE_URL}/redirect/1`).status)
  console.log(http.get(`${__ENV.BASE_URL}/redirect/2`).status)
  console.log(http.get(`${__ENV.BASE_URL}/redirect/2`, { redirects: 5 }).status)
}
