export const options = { iterations: 2, vus: undefined, duration: null, thresholds: undefined, tags: null }
export default function () {}
