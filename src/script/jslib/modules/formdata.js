// formdata 0.0.1 and 0.0.2: builds multipart/form-data bodies byte by byte.
export function FormData() {
  if (!(this instanceof FormData)) return new FormData()
  this.boundary = `------RWWorkerFormDataBoundary${Math.random().toString(36)}`
  this.parts = []
}

/** `data`: a text, or what http.file() answers: {data, filename, content_type}. */
FormData.prototype.append = function (fieldName, data) {
  if (arguments.length < 2) throw new SyntaxError('Not enough arguments')
  this.parts.push({ field: fieldName, file: typeof data === 'string' ? { data, content_type: 'text/plain' } : data })
}

/** The whole body as an ArrayBuffer. */
FormData.prototype.body = function () {
  const chunks = []
  for (const { field, file } of this.parts) {
    const filename = file.filename ? `; filename="${file.filename.replace(/"/g, '%22')}"` : ''
    const type = file.content_type || 'application/octet-stream'
    chunks.push(
      bytesOf(
        `--${this.boundary}\r\nContent-Disposition: form-data; name="${field}"${filename}\r\nContent-Type: ${type}\r\n\r\n`,
      ),
      Array.isArray(file.data) ? Uint8Array.from(file.data) : bytesOf(file.data),
      bytesOf('\r\n'),
    )
  }
  chunks.push(bytesOf(`--${this.boundary}--\r\n`))
  const body = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body.buffer
}

/** A text becomes one byte a character, its lower one, as in the library that scripts were written for. */
function bytesOf(input) {
  if (typeof input === 'string') {
    const bytes = new Uint8Array(input.length)
    for (let i = 0; i < input.length; i++) bytes[i] = input.charCodeAt(i)
    return bytes
  }
  if (input && input.byteLength) {
    return ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input)
  }
  return new Uint8Array(0)
}
