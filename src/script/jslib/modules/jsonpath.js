// jsonpath 1.0.
import jsonpath from 'k6/jslib/jsonpath'

export default jsonpath
export const apply = (...args) => jsonpath.apply(...args)
export const nodes = (...args) => jsonpath.nodes(...args)
export const parent = (...args) => jsonpath.parent(...args)
export const parse = (...args) => jsonpath.parse(...args)
export const paths = (...args) => jsonpath.paths(...args)
export const query = (...args) => jsonpath.query(...args)
export const stringify = (...args) => jsonpath.stringify(...args)
export const value = (...args) => jsonpath.value(...args)
