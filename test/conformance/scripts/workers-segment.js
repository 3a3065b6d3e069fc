// Four load threads within one execution segment: the same stripes as k6's single process.
// ignore: vus, vus_max
// args: --execution-segment 1/3:2/3 --execution-segment-sequence 0,1/3,2/3,1
// env: PW_WORKERS=4
import exec from 'k6/execution'
export const options = {
  scenarios: {
    each: { executor: 'per-vu-iterations', vus: 20, iterations: 2, exec: 'each' },
    shared: { executor: 'shared-iterations', vus: 20, iterations: 47, exec: 'shared' },
    rate: {
      executor: 'constant-arrival-rate',
      rate: 50,
      duration: '1s',
      preAllocatedVUs: 30,
      maxVUs: 30,
      exec: 'rate',
    },
    ramp: {
      executor: 'ramping-arrival-rate',
      startRate: 10,
      stages: [
        { duration: '500ms', target: 60 },
        { duration: '500ms', target: 0 },
      ],
      preAllocatedVUs: 15,
      maxVUs: 15,
      exec: 'ramp',
    },
  },
}
// Ids of VUs and iterations are compared as sets: which VU takes which iteration is up to the scheduler.
export function each() {
  console.log('each', exec.scenario.iterationInTest)
}
export function shared() {
  console.log('shared', exec.scenario.iterationInInstance, exec.scenario.iterationInTest)
}
export function rate() {
  console.log('rate', exec.scenario.iterationInTest)
}
export function ramp() {
  console.log('ramp', exec.scenario.iterationInTest)
}
