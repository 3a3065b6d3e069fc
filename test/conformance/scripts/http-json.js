// response.json with selectors. k6 hands a selected object over as a Go map, whose key order is random: keys are sorted.
import http from 'k6/http'
const sorted = (key, value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value
const t = (name, fn) => {
  try {
    const value = fn()
    console.log(name, value === undefined ? 'undefined' : JSON.stringify(value, sorted))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
export default function () {
  const r = http.get(`${__ENV.BASE_URL}/json`)
  for (const path of [
    'slideshow.title',
    'slideshow.slides',
    'slideshow.slides.0.items.1',
    'slideshow.slides.#',
    'slideshow.slides.#.title',
    'slideshow.slides.#(title=="two")',
    'slideshow.nil',
    'slideshow.absent',
    'slideshow.a\\.b',
    'slideshow.slides.-1',
    'slideshow.*',
    '',
    'slideshow.slides.#(title%"t*").title',
    'slideshow.slides.0.items|@reverse',
    'slideshow.slides.#.items.0',
  ])
    t(path, () => r.json(path))
  t('all', () => Object.keys(r.json()))
  t('big', () => r.json().slideshow.big)
  t('big selected', () => r.json('slideshow.big'))
  t('array', () => http.get(`${__ENV.BASE_URL}/products`).json('#.name'))
  t('not json', () => http.get(`${__ENV.BASE_URL}/html`).json())
  t('not json selected', () => http.get(`${__ENV.BASE_URL}/html`).json('a'))
  t('empty', () => http.get(`${__ENV.BASE_URL}/status/204`).json())
}
