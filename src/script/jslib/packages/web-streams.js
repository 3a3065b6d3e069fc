// The WHATWG's streams (https://streams.spec.whatwg.org/) for k6/experimental/streams: in pure JavaScript, so that its
// promises and errors are those of the script's realm, which Node's own would not be.
export {
  CountQueuingStrategy,
  ReadableStream,
  ReadableStreamDefaultReader,
  WritableStream,
  WritableStreamDefaultWriter,
} from 'web-streams-polyfill'
