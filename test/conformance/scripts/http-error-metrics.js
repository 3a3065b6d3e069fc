// Tags of requests that failed, as submetrics.
import http from 'k6/http'
export const options = {
  thresholds: {
    'http_reqs{error_code:1212}': ['count==1'],
    'http_reqs{status:0}': ['count==1'],
    'http_reqs{error_code:1404}': ['count==1'],
    http_req_failed: ['rate>0.5'],
  },
}
export default function () {
  http.get('http://127.0.0.1:1/')
  http.get(`${__ENV.BASE_URL}/status/404`)
  http.get(`${__ENV.BASE_URL}/get`)
}
