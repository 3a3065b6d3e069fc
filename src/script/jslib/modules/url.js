// url 1.0: URL and URLSearchParams of the WHATWG, from core-js, for k6 has neither.
import URL from 'core-js-pure/web/url'
import URLSearchParams from 'core-js-pure/web/url-search-params'

export { URL, URLSearchParams }
export default { URL, URLSearchParams }
