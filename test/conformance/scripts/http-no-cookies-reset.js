// args: --iterations 3
import http from 'k6/http'
export const options = { noCookiesReset: true }
export default function () {
  console.log(
    __ITER,
    Object.keys(http.get(`${__ENV.BASE_URL}/cookies`).json('cookies'))
      .sort()
      .join(),
  )
  http.get(`${__ENV.BASE_URL}/cookies/set?i${__ITER}=x`)
}
