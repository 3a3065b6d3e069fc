// Custom metrics of every type, values and tags.
import { Counter, Gauge, Rate, Trend } from 'k6/metrics'
const t = (name, fn) => {
  try {
    const value = fn()
    console.log(name, value === undefined ? 'undefined' : JSON.stringify(value))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
const c = new Counter('c_one')
const g = new Gauge('g_one')
const r = new Rate('r_one')
const tr = new Trend('t_one')
const time = new Trend('t_time', true)
const data = new Counter('c_data')
export const options = {
  iterations: 4,
  thresholds: {
    'c_one{kind:even}': ['count==2'],
    g_one: ['value==3'],
    r_one: ['rate>=0.5'],
    t_one: ['p(95)<40', 'avg==15', 'max==30', 'min==0', 'med==15'],
    't_one{kind:odd}': ['avg==20'],
    t_time: ['p(99.9)<100'],
    'r_one{kind:none}': ['rate==1'],
  },
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99.9)', 'count'],
}
export default function () {
  const kind = __ITER % 2 === 0 ? 'even' : 'odd'
  c.add(1, { kind })
  g.add(__ITER)
  r.add(__ITER % 2 === 0, { kind })
  tr.add(__ITER * 10, { kind })
  time.add(1.5)
  data.add(1000)
  if (__ITER === 0) {
    t('names', () => [c.name, g.name, r.name, tr.name])
    t('types', () => [typeof c.add, String(c), JSON.stringify(c)])
    t('returns', () => c.add(0))
  }
}
