/** Modules that stand on an optional package: absent, they say which line installs it. */
import { ExitCode, PerfwrightError } from '#base/errors.js'

/** @throws PW_SCRIPT_MODULE_PACKAGE */
export async function importOptional<T>(module: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new PerfwrightError({
      code: 'PW_SCRIPT_MODULE_PACKAGE',
      message: `The module "${module}" needs the package ${name}, which is not installed.`,
      fix: `npm install ${name}`,
      exitCode: ExitCode.scriptException,
      cause: error,
    })
  }
}
