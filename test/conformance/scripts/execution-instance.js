import exec from 'k6/execution'
export const options = { scenarios: { a: { executor: 'shared-iterations', vus: 1, iterations: 3 } } }
export default function () {
  const i = exec.instance
  console.log(
    i.iterationsCompleted,
    i.iterationsInterrupted,
    i.vusActive,
    i.vusInitialized,
    i.currentTestRunDuration >= 0,
    exec.scenario.progress <= 1,
    exec.scenario.iterationInInstance,
    exec.scenario.iterationInTest,
    exec.vu.iterationInScenario,
  )
}
