// name and url tags and the submetrics that thresholds ask for.
import http from 'k6/http'
export const options = {
  thresholds: {
    'http_reqs{name:static}': ['count==2'],
    'http_reqs{method:POST}': ['count==1'],
    'http_reqs{status:200}': ['count==3'],
    'http_reqs{group:::g}': ['count==1'],
    'http_req_duration{scenario:default}': ['p(99)<2000'],
    'http_reqs{proto:HTTP/1.1,status:200}': ['count==3'],
    'http_reqs{name:absent}': ['count==0'],
  },
}
import { group } from 'k6'
export default function () {
  http.get(`${__ENV.BASE_URL}/get?1`, { tags: { name: 'static' } })
  http.get(`${__ENV.BASE_URL}/get?2`, { tags: { name: 'static' } })
  group('g', () => http.post(`${__ENV.BASE_URL}/anything`, 'x'))
}
