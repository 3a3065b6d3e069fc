// What Node's own HTTP/2 client does without a script, a check or a metric: node bare-http2.mjs URL CONNECTIONS SECONDS
import { connect } from 'node:http2'

const [url, connections, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const { origin, pathname } = new URL(url)
const end = Date.now() + seconds * 1000
let requests = 0

await Promise.all(Array.from({ length: connections }, load))
process.stdout.write(`requests ${requests}\n`)
process.exit(0)

async function load() {
  const session = connect(origin, { rejectUnauthorized: false })
  while (Date.now() < end) {
    await new Promise((resolve, reject) => {
      const stream = session.request({ ':path': pathname })
      const chunks = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () => {
        requests++
        resolve(Buffer.concat(chunks))
      })
      stream.on('error', reject)
    })
  }
}
