// args: --no-thresholds
export const options = { thresholds: { iterations: ['count>100'], 'checks{a:b}': ['rate>0'] } }
export default function () {}
