// Every operator and aggregation; entries as objects; which of them are crossed.
import { Counter, Gauge, Rate, Trend } from 'k6/metrics'
const [c, g, r, t] = [new Counter('cc'), new Gauge('gg'), new Rate('rr'), new Trend('tt')]
export const options = {
  thresholds: {
    cc: ['count<5', 'count<=5', 'count>4', 'count>=6', 'count==5', 'count===5', 'count!=5', 'rate>0', ' count > 1 '],
    gg: ['value>1', { threshold: 'value<1', abortOnFail: false }],
    rr: ['rate>0.4', { threshold: 'rate < 0.1' }],
    tt: ['avg<5', 'p(50)<=2', 'p(99.99)>1', 'med==2', 'max==3', 'min!=1'],
    'tt{a:b}': ['avg>0'],
    iterations: ['count==1'],
  },
}
export default function () {
  c.add(5)
  g.add(2)
  r.add(1)
  r.add(0)
  for (const v of [1, 2, 3]) t.add(v)
}
