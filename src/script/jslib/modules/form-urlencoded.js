// form-urlencoded 3.0.
import encode from 'k6/jslib/form-urlencoded'

export default encode
