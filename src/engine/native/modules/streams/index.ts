/** The module `k6/experimental/streams`: ReadableStream and WritableStream of the WHATWG's standard, in the script's realm. */
import type { ModuleFactory, VuScope } from '../../types.js'
import { createJslibModule } from '../jslib.js'

export const createStreamsModule: ModuleFactory = (vu) => standardStreams(vu)

/** A stream of these bytes, for `Blob.stream()`. */
export function streamOfBytes(vu: VuScope, bytes: Uint8Array): object {
  const { realm } = vu
  const source = new realm.Object() as unknown as { start: (controller: Controller) => void }
  source.start = (controller) => {
    // A stream of text in k6: its chunks are strings.
    if (bytes.length > 0) controller.enqueue(Buffer.from(bytes).toString('utf8'))
    // And the last one is empty.
    controller.enqueue('')
    controller.close()
  }
  return new (standardStreams(vu)['ReadableStream'] as new (source: object) => object)(source)
}

interface Controller {
  enqueue(chunk: unknown): void
  close(): void
}

function standardStreams(vu: VuScope): Record<string, unknown> {
  return { ...createJslibModule('web-streams')(vu) }
}
