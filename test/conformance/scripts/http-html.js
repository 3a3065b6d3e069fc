// Pages: html(), submitForm, clickLink.
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
  const r = http.get(`${base}/html`)
  t('title', () => r.html('title').text())
  t('items', () => r.html().find('li').size())
  t('h1', () => r.html('h1').attr('class'))
  t('submit', () => r.submitForm().json('data'))
  t('submit fields', () =>
    r.submitForm({ fields: { user: 'bob', extra: '1' }, submitSelector: 'input[name=go]' }).json('data'),
  )
  t('click', () => {
    const x = r.clickLink()
    return [x.url.replace(base, ''), x.json('args')]
  })
  const p = http.get(`${base}/form-page`)
  t('one', () => {
    const x = p.submitForm({ formSelector: '#one' })
    return [x.json('path'), x.json('method'), x.json('data')]
  })
  t('two', () => {
    const x = p.submitForm({ formSelector: '#two', fields: { q: 'new' } })
    return [x.json('path'), x.json('method'), x.json('args'), x.json('data')]
  })
  t('three', () => {
    const x = p.submitForm({ formSelector: '#three' })
    return [x.status, x.url.replace(base, '')]
  })
  t('absent form', () => p.submitForm({ formSelector: '#none' }))
  t('link', () => p.clickLink({ selector: 'a.first' }).json('path'))
  t('link redirect', () => p.clickLink({ selector: 'a.second', params: { redirects: 0 } }).status)
  t('absent link', () => p.clickLink({ selector: 'a.none' }))
  t('no html', () => http.get(`${base}/json`).html('title').text())
}
