/** The script stage: from a person's k6 script to code that an event loop can run. */
export { type CompileOptions, compileScript } from './compile.js'
export { isPersonsAsync } from './marker.js'
export { createStackMapper, type StackMapper } from './stack.js'
export type { CompiledScript, OriginalPosition, ScriptHost, ScriptSource } from './types.js'
