export const options = { scenarios: { a: { executor: 'shared-iterations' } } }
export function other() {}
