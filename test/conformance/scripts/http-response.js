// What a response has, and its types.
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
export default function () {
  const r = http.get(`${base}/json`)
  t('keys', () => Object.keys(r).sort())
  t('plain', () => [
    r.status,
    r.status_text,
    r.proto,
    r.remote_ip,
    r.remote_port > 0,
    r.error,
    r.error_code,
    r.tls_version,
    r.tls_cipher_suite,
  ])
  t('timings', () =>
    Object.entries(r.timings)
      .map(([k, v]) => `${k} ${typeof v}`)
      .sort(),
  )
  t('sum', () => Math.abs(r.timings.duration - r.timings.sending - r.timings.waiting - r.timings.receiving) < 1e-6)
  t('ocsp', () => r.ocsp)
  t('headers', () => http.get(`${base}/double-headers`).headers['X-Twice'])
  t('canonical', () => Object.keys(http.get(`${base}/double-headers`).headers).sort())
  t('request', () => Object.keys(r.request).sort())
  t('text', () => {
    const x = http.get(`${base}/text`)
    return [x.body, x.body.length]
  })
  t('binary', () => {
    const x = http.get(`${base}/text`, { responseType: 'binary' })
    return [x.body.byteLength, Object.prototype.toString.call(x.body), x.body instanceof ArrayBuffer]
  })
  t('none', () => http.get(`${base}/text`, { responseType: 'none' }).body)
  t('null body json', () => http.get(`${base}/text`, { responseType: 'none' }).json())
  t('text json', () => http.get(`${base}/text`).json())
  t('binary json', () => http.get(`${base}/json`, { responseType: 'binary' }).json('slideshow.title'))
  t('204', () => {
    const x = http.get(`${base}/status/204`)
    return [x.status, x.body, x.status_text]
  })
  t('599', () => {
    const x = http.get(`${base}/status/599`)
    return [x.status, x.status_text, x.error_code, x.error]
  })
  t('assign', () => {
    r.extra = 1
    r.status = 5
    return [r.extra, r.status]
  })
  t('proto', () => [typeof r, String(r), r.constructor === Object, r instanceof Object])
  t('stringify', () => Object.keys(JSON.parse(JSON.stringify(r))).sort())
}
