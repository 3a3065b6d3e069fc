// ordered
import { CountQueuingStrategy, ReadableStream, ReadableStreamDefaultReader } from 'k6/experimental/streams'
import { Blob } from 'k6/websockets'

const show = async (name, f) => {
  try {
    console.log(name, JSON.stringify(await f()))
  } catch (e) {
    console.log(name, 'throws', e && e.name, e instanceof Error)
  }
}
const collect = async (stream) => {
  const reader = stream.getReader()
  const all = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return all
    all.push(value)
  }
}

export default async function () {
  await show('numbers', () =>
    collect(
      new ReadableStream({
        start(controller) {
          for (let i = 0; i < 3; i++) controller.enqueue({ i })
          controller.close()
        },
      }),
    ),
  )
  await show('pulled, with a timer', async () => {
    let n = 0
    const stream = new ReadableStream(
      {
        pull(controller) {
          return new Promise((resolve) =>
            setTimeout(() => {
              controller.enqueue(`tick ${n++}`)
              if (n === 3) controller.close()
              resolve()
            }, 5),
          )
        },
      },
      new CountQueuingStrategy({ highWaterMark: 1 }),
    )
    return collect(stream)
  })
  await show('locked', () => {
    const stream = new ReadableStream()
    const reader = stream.getReader()
    console.log(stream.locked, typeof ReadableStreamDefaultReader, reader.closed instanceof Promise)
    return stream.getReader()
  })
  await show('released', async () => {
    const stream = new ReadableStream({ start: (c) => c.enqueue('x') })
    const reader = stream.getReader()
    reader.releaseLock()
    console.log(stream.locked)
    return reader.read()
  })
  await show('errored', () => collect(new ReadableStream({ start: (c) => c.error(new RangeError('no more')) })))
  await show('cancelled', async () => {
    let why
    const stream = new ReadableStream({ cancel: (reason) => (why = reason) })
    await stream.cancel('enough')
    return why
  })
  await show('bad size', () => new ReadableStream({}, { highWaterMark: -1 }))
  await show('bad source', () => new ReadableStream({ start: 3 }))
  await show('closed twice', () => new ReadableStream({ start: (c) => (c.close(), c.close()) }))
  await show('desired size', () => {
    let size
    new ReadableStream({ start: (c) => (size = c.desiredSize) }, new CountQueuingStrategy({ highWaterMark: 4 }))
    return size
  })
  await show('blob', () => collect(new Blob(['héllo ', 'world']).stream()))
}
