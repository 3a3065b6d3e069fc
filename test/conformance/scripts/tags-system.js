// args: --system-tags status,method
import http from 'k6/http'
export const options = {
  thresholds: {
    'http_reqs{status:200}': ['count==1'],
    'http_reqs{method:GET}': ['count==1'],
    'http_reqs{scenario:default}': ['count==0'],
    'http_reqs{group:}': ['count==0'],
  },
}
export default function () {
  http.get(`${__ENV.BASE_URL}/get`)
}
