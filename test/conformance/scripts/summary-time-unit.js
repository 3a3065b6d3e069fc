// args: --summary-time-unit ms --summary-trend-stats avg,p(99),count
// stdout
// mask: \d+(\.\d+)?/s
// mask: (iteration_duration\.*:).*
// mask: .*(data_|NETWORK|iterations\.).*
import { Trend } from 'k6/metrics'
const t = new Trend('time_trend', true)
export default function () {
  t.add(1234.5)
  t.add(0.01)
}
