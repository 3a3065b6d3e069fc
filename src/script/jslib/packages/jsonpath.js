// The self-contained build; the package's own entry reads its grammar from disk.
import jsonpath from 'jsonpath/jsonpath.js'

export default jsonpath
