// From core-js, as jslib's own.
import URL from 'core-js-pure/web/url'
import URLSearchParams from 'core-js-pure/web/url-search-params'

export { URL, URLSearchParams }
