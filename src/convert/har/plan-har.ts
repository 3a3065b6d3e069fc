import { planRecording } from '../recording/plan-recording.js'
import type { Converted, ConvertOptions } from '../types.js'
import { readHar } from './read-har.js'

export function planHar(text: string, name: string, options: ConvertOptions): Converted {
  const recording = readHar(text, name)
  return planRecording(recording, recording.tool === '' ? name : `${name} (HAR by ${recording.tool})`, options)
}
