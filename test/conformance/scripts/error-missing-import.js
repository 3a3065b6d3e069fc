// ignore-log: .
import x from './missing.js'
export default function () {
  x()
}
