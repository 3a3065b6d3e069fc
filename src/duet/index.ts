/** Two versions at once. */
export { type DuetPlan, type DuetPorts, type DuetResult, runDuets } from './duet.js'
export { usage } from './errors.js'
export type { JudgeOptions } from './judge.js'
export { hostsIn, RequestRecorder } from './record-requests.js'
export { parseRequests, recordedSource, type RequestSource, urlSource } from './requests.js'
export { startSide } from './side.js'
export { duetJson, duetMarkdown, type DuetNames, duetText } from './text.js'
export type * from './types.js'
