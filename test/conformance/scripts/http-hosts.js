// hosts, blacklistIPs, blockHostnames.
import http from 'k6/http'
const port = __ENV.BASE_URL.split(':').pop()
export const options = {
  hosts: { 'shop.test': '127.0.0.1', '*.wild.test': '127.0.0.1', 'ported.test': `127.0.0.1:${port}` },
  blacklistIPs: ['10.0.0.0/8'],
  blockHostnames: ['blocked.test', '*.bad.test'],
}
export default function () {
  for (const url of [
    `http://shop.test:${port}/get`,
    `http://a.wild.test:${port}/get`,
    'http://ported.test/get',
    'http://10.1.2.3/',
    'http://blocked.test/',
    'http://x.bad.test/',
  ]) {
    const r = http.get(url)
    console.log(url.replace(port, 'PORT'), r.status, r.error_code, r.error.replace(port, 'PORT'))
  }
}
