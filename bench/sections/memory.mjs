// Kilobytes a VU, from the peak memory of a few and of many VUs of the same script.
import { join } from 'node:path'
import { startHttpServer } from '../lib/http-server.mjs'
import { format } from '../lib/statistics.mjs'
import { timedScript } from '../lib/timed.mjs'
import { k6, root } from '../lib/tools.mjs'

const few = 50

export async function run({ work, short }) {
  const many = short ? 2000 : 9000
  const server = await startHttpServer(work)
  const measure = async (tool, vus) => {
    const { maxRssKb } = await timedScript(
      tool,
      [
        '--vus',
        vus,
        '--duration',
        `${short ? 5 : 15}s`,
        '-e',
        `URL=${server.url}/products`,
        '-e',
        'SLEEP=1',
        join(root, 'bench', 'scripts', 'http-get-check.js'),
      ],
      { work },
    )
    return maxRssKb
  }
  try {
    const out = {}
    for (const tool of ['perfwright', ...(k6 ? ['k6'] : [])]) {
      const [rssFew, rssMany] = [await measure(tool, few), await measure(tool, many)]
      const kbPerVu = (rssMany - rssFew) / (many - few)
      out[tool] = { few, many, rssMbFew: rssFew / 1024, rssMbMany: rssMany / 1024, kbPerVu }
      process.stdout.write(
        `Memory, ${tool}: ${format(rssFew / 1024)} MB at ${few} VUs, ${format(rssMany / 1024)} MB at ${many} VUs: ${format(kbPerVu, 1)} KB a VU\n`,
      )
    }
    return out
  } finally {
    server.stop()
  }
}
