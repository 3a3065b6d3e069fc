// k6-utils 1.0 and 1.1 answered an empty text, not null, when there is nothing between the marks.
import { findBetween as find } from './k6-utils.js'

export * from './k6-utils.js'

export function findBetween(content, left, right) {
  return find(content, left, right) ?? ''
}
