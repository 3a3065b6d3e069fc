// k6: 2
// command: inspect
// stdout
// ordered
export const options = {
  vus: 2,
  duration: '1m30s',
  thresholds: { http_req_duration: ['p(95)<500', { threshold: 'avg<100', abortOnFail: true, delayAbortEval: '10s' }] },
  tags: { a: 'b' },
  ext: { x: 1 },
}
export default function () {}
