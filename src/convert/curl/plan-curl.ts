import { planRecording } from '../recording/plan-recording.js'
import type { Converted, ConvertOptions } from '../types.js'
import { readCurl } from './read-curl.js'

/** Every command was written by hand, so that every host and file is meant. */
export function planCurl(text: string, name: string, options: ConvertOptions): Converted {
  const recording = readCurl(text, name)
  const converted = planRecording(recording, name, { ...options, hosts: options.hosts ?? ['*'], keepStatic: true })
  if (!recording.insecure) return converted
  return {
    ...converted,
    script: { ...converted.script, options: { insecureSkipTLSVerify: true, ...converted.script.options } },
  }
}
