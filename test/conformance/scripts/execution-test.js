// exec.test.options: the consolidated options.
// k6: 2
import exec from 'k6/execution'
export const options = {
  vus: 2,
  iterations: 4,
  tags: { a: 'b' },
  thresholds: { iterations: ['count>0'] },
  setupTimeout: '30s',
  summaryTrendStats: ['avg', 'p(99)'],
  noCookiesReset: true,
  rps: 1000,
  userAgent: 'x',
  systemTags: ['status', 'url'],
}
export default function () {
  if (exec.scenario.iterationInTest !== 0) return
  const o = exec.test.options
  console.log(Object.keys(o).sort().join())
  for (const key of Object.keys(o).sort()) console.log(key, JSON.stringify(o[key]))
  console.log(options.vus, Object.keys(options).length)
}
