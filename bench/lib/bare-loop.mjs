// The ceiling: a Node socket that writes a request and takes the next chunk for its answer, without parsing anything.
import net from 'node:net'

const [, , url, connections, seconds] = process.argv
const { hostname, port, pathname } = new URL(url)
const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUser-Agent: bare\r\n\r\n`
let requests = 0
const buffer = Buffer.alloc(65536)
const until = performance.now() + Number(seconds) * 1000
for (let i = 0; i < Number(connections); i++) {
  const socket = net.connect({
    host: hostname,
    port: Number(port),
    onread: {
      buffer,
      callback() {
        requests++
        if ((requests & 255) === 0 && performance.now() > until) finish()
        socket.write(request, 'latin1')
        return true
      },
    },
  })
  socket.setNoDelay(true)
  socket.on('connect', () => socket.write(request, 'latin1'))
}
function finish() {
  process.stdout.write(`requests ${requests}\n`)
  process.exit(0)
}
