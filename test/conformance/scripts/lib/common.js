const http = require('k6/http')
const values = require('./values.js')
exports.status = function (path) {
  return http.get(__ENV.BASE_URL + path).status
}
exports.one = values.one
exports.def = values.default
