// form-urlencoded 3.0: by the package of the same name.
import encode from 'form-urlencoded'

export default encode.default ?? encode
