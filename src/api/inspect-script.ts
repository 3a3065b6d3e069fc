/**
 * The options of a script without running it: compiled, its init context run once.
 */
import { systemClock } from '#base/clock.js'
import { NativeEngine, ScriptFailure } from '#engine/native/engine.js'
import type { CompiledScript } from '#script/index.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { LoadedScript, LogLine } from '#engine/native/worker/protocol.js'

/** @throws PW_SCRIPT_EXCEPTION when the init context throws, exit 107 */
export async function inspectScript(
  compiled: CompiledScript,
  entryUrl: string,
  env: Readonly<Record<string, string>>,
  log: (line: LogLine) => void,
): Promise<LoadedScript> {
  const engine = await NativeEngine.start(systemClock, (event) => {
    if (event.type === 'log') event.lines.forEach(log)
  })
  try {
    return await engine.load({
      code: compiled.code,
      filename: compiled.filename,
      sourceMap: compiled.sourceMap,
      needsOwnRealm: compiled.needsOwnRealm,
      modules: compiled.modules,
      entryUrl,
      env,
      rawSamples: false,
      tagStages: false,
      proxyEnv: {},
    })
  } catch (error) {
    if (!(error instanceof ScriptFailure)) throw error
    throw new PerfwrightError({
      code: 'PW_SCRIPT_EXCEPTION',
      message: error.failure.stack ?? error.failure.message,
      exitCode: ExitCode.scriptException,
      cause: error,
    })
  } finally {
    await engine.close()
  }
}
