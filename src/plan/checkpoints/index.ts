export { evaluateCheckpoints } from './evaluate.js'
export type { CheckpointInput, Contact, EndpointInputs, TableRows } from './types.js'
