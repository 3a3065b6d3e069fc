// ignore: vus, vus_max
// ignore-counts
export const options = {
  scenarios: {
    a: { executor: 'constant-arrival-rate', rate: 20, timeUnit: '1s', duration: '1s', preAllocatedVUs: 5, maxVUs: 5 },
  },
  thresholds: { iterations: ['count>=20', 'count<=21'] },
}
export default function () {}
