/**
 * Finds the script that the person named: a file, a URL, or `-` for standard input.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { ScriptSource } from '#script/index.js'

/**
 * @throws PW_SCRIPT_NOT_FOUND in k6's words, exit 255
 */
export async function loadScript(name: string, cwd: string, stdin: NodeJS.ReadableStream): Promise<ScriptSource> {
  if (name === '-') {
    const chunks: Buffer[] = []
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array))
    // Relative imports of a script on standard input start at the working directory, as in k6.
    return { url: new URL('-', `${pathToFileURL(cwd).href}/`).href, contents: Buffer.concat(chunks).toString('utf8') }
  }
  if (/^https?:\/\//.test(name))
    return {
      url: name,
      contents: `export * from ${JSON.stringify(name)}\nexport { default } from ${JSON.stringify(name)}\n`,
    }
  const path = name.startsWith('file://') ? new URL(name).pathname : resolve(cwd, name)
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new PerfwrightError({
      code: 'PW_SCRIPT_NOT_FOUND',
      message: `The moduleSpecifier "${name}" couldn't be found on local disk. Make sure that you've specified the right path to the file.`,
      where: path,
      fix: 'check the path; relative ones start at the working directory',
      exitCode: ExitCode.k6Usage,
    })
  }
  return { url: pathToFileURL(path).href, contents: readFileSync(path, 'utf8') }
}
