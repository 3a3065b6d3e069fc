import type { VuScope } from '../../types.js'
export function createX509Module(_vu: VuScope): Record<string, unknown> {
  return {}
}
