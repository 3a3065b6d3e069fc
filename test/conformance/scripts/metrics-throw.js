// args: --throw
import { Counter } from 'k6/metrics'
const c = new Counter('c_three')
export default function () {
  c.add(NaN)
}
