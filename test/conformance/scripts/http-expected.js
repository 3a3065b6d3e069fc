// expectedStatuses, setResponseCallback, responseCallback; http_req_failed and expected_response.
import http from 'k6/http'
const base = __ENV.BASE_URL
const t = (name, fn) => {
  try {
    const value = fn()
    console.log(name, value === undefined ? 'undefined' : JSON.stringify(value))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
export const options = {
  thresholds: {
    http_req_failed: ['rate<0.9'],
    'http_reqs{expected_response:false}': ['count>0'],
    'http_reqs{expected_response:true}': ['count>0'],
    'http_req_failed{status:404}': ['rate==0.5'],
  },
}
export default function () {
  t('default', () => http.get(`${base}/status/404`).status)
  t('param', () => http.get(`${base}/status/404`, { responseCallback: http.expectedStatuses(404) }).status)
  t('null', () => http.get(`${base}/status/500`, { responseCallback: null }).status)
  http.setResponseCallback(http.expectedStatuses({ min: 400, max: 499 }, 200))
  t('set', () => [
    http.get(`${base}/status/418`).status,
    http.get(`${base}/status/301`, { redirects: 0 }).status,
    http.get(`${base}/get`).status,
  ])
  http.setResponseCallback(null)
  t('off', () => http.get(`${base}/status/503`).status)
  t('bad', () => http.setResponseCallback(() => true))
  t('bad statuses', () => http.expectedStatuses())
  t('bad range', () => http.expectedStatuses({ min: 'a' }))
  t('text', () => http.expectedStatuses('200'))
}
