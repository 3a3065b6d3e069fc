// k6: 2
// args: --vus 3
export default function () {}
