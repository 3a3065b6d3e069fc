import common from './lib/common.js'
import { one } from './lib/common.js'
export default function () {
  console.log(typeof common, one, common.status('/get'))
}
