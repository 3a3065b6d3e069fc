// known-difference: module-errors
import { absent } from './lib/values.js'
export default function () {}
