// Takes whatever outputs post and keeps none of it; prints its URL, ends with its standard input.
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => response.writeHead(204).end())
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`))
process.stdin.on('end', () => process.exit(0)).resume()
