// args: --iterations 3 --vus 1
export const options = { vus: 5, duration: '10s' }
export default function () {}
