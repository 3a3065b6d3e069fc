/** Outputs by their names in `--out`. A new one is a file beside this and a line here. */
import { csvOutput } from './csv.js'
import { jsonOutput } from './json.js'
import { OutputSet } from './output-set.js'
import type { OutputContext, OutputFactory } from './types.js'

export const outputs: Readonly<Record<string, OutputFactory>> = {
  csv: csvOutput,
  json: jsonOutput,
}

/**
 * The outputs that `--out` names; start them before the run.
 * @throws PW_OUTPUT_UNKNOWN, PW_OUTPUT_CREATE in k6's words, exit code 255
 */
export function createOutputs(specs: readonly string[], context: OutputContext): OutputSet {
  return new OutputSet(specs, outputs, context)
}

export { ConsoleFile } from './console-file.js'
export type { OutputSet } from './output-set.js'
export type { OutputContext } from './types.js'
