// ignore-log: .
import { absent } from 'k6'
export default function () {
  console.log(typeof absent)
}
