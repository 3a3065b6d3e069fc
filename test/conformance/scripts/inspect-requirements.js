// k6: 2
// command: inspect
// args: --execution-requirements
// stdout
// ordered
export const options = {
  scenarios: {
    a: {
      executor: 'ramping-vus',
      stages: [
        { duration: '10s', target: 5 },
        { duration: '5s', target: 0 },
      ],
    },
    b: { executor: 'constant-arrival-rate', rate: 10, duration: '30s', preAllocatedVUs: 3, maxVUs: 8, startTime: '5s' },
  },
}
export default function () {}
