// env: K6_ITERATIONS=4 K6_VUS=2
// args: --iterations 2
export default function () {}
