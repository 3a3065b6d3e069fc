// args: --vus 2 --iterations 5
export const options = { scenarios: { a: { executor: 'shared-iterations', iterations: 50 } } }
export default function () {}
