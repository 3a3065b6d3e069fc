export { RELATIVE_ERROR, Sketch, type SketchRow } from './sketch.js'
