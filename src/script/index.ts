/** The script stage: from a person's k6 script to code that an event loop can run. */
import type { CompileOptions } from './compile.js'
import type { CompiledScript, ScriptSource } from './types.js'

export { isPersonsAsync } from './marker.js'
export { createStackMapper, noteThrown, type StackMapper } from './stack.js'
export type { CompileOptions } from './compile.js'
export type { CompiledScript, OriginalPosition, ScriptHost, ScriptSource } from './types.js'

/**
 * Compiles a k6 script into the source of a factory. The compiler is loaded here and not before: workers, which only
 * run what was compiled, import this module too.
 * @throws PW_SCRIPT_SYNTAX, PW_SCRIPT_IMPORT_MISSING, PW_SCRIPT_MODULE_UNKNOWN, PW_SCRIPT_REMOTE_IMPORT,
 *   PW_SCRIPT_CANNOT_AWAIT, all with exit code 107, as k6 for a script that does not load
 */
export async function compileScript(source: ScriptSource, options?: CompileOptions): Promise<CompiledScript> {
  const compiler = await import('./compile.js')
  return compiler.compileScript(source, options)
}
