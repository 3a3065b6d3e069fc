// ignore: vus, vus_max
// ignore-counts
export const options = {
  scenarios: {
    a: {
      executor: 'ramping-arrival-rate',
      startRate: 0,
      timeUnit: '1s',
      stages: [
        { target: 20, duration: '1s' },
        { target: 20, duration: '500ms' },
      ],
      preAllocatedVUs: 5,
    },
  },
  thresholds: { iterations: ['count>=19', 'count<=21'] },
}
export default function () {}
