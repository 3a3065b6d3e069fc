import encode from 'form-urlencoded'

export default encode.default ?? encode
