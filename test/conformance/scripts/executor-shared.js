import exec from 'k6/execution'
export const options = {
  scenarios: { s: { executor: 'shared-iterations', vus: 3, iterations: 10, maxDuration: '10s' } },
}
export default function () {
  if (exec.scenario.iterationInTest === 9) console.log('last', exec.scenario.name, exec.scenario.executor)
}
