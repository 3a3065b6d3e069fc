import type { Origin } from '../views/origin.js'

/** What the flame-graph page holds: the call tree with its self values, small parts folded away so that it opens at once. */
export interface PageData {
  readonly title: string
  readonly subtitle: string
  readonly values: readonly { readonly type: string; readonly unit: string }[]
  readonly mainValue: number
  /** [name, file, line, origin], one a frame. */
  readonly frames: readonly (readonly [string, string, number, Origin])[]
  /** Call tree in base64 of little-endian numbers: parents and frames as int32, self values as float64 by value type. */
  readonly parents: string
  readonly nodeFrames: string
  readonly self: readonly string[]
  readonly notes: readonly string[]
}
