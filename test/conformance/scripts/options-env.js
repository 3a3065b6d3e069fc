// env: K6_ITERATIONS=4 K6_VUS=2
export const options = { iterations: 1 }
export default function () {}
