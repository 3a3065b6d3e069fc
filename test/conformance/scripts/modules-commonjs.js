const { check } = require('k6')
const common = require('./lib/common.js')
const http = require('k6/http')
exports.options = { iterations: 2 }
exports.default = function () {
  check(common.status('/get'), { ok: (s) => s === 200 })
  console.log(common.one, common.def, typeof http.get, typeof module, typeof require)
}
