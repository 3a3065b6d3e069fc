// url 1.0: URL and URLSearchParams of the WHATWG, for k6 has neither.
import { URL, URLSearchParams } from 'k6/jslib/url'

export { URL, URLSearchParams }
export default { URL, URLSearchParams }
