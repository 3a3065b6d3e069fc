// What the always-on collectors cost the observed program: CPU of the demo shop's process per request, in pairs of a run
// with and one without them, first the one and then the other way round. The same customers' journey for all, the shop
// and its database on core 0, the load on core 1. Attaching and leaving are in it.
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, median, pairedInterval } from '../lib/statistics.mjs'
import { timedScript } from '../lib/timed.mjs'
import { perfwright, root } from '../lib/tools.mjs'

const vus = 20
/** Think times of a tenth: a shop that is busy, without a queue. */
const pace = 0.1

export async function run({ work, short, seconds, rounds, flags }) {
  const pairs = flags.rounds === undefined ? (short ? 3 : 20) : rounds
  const runS = flags.seconds === undefined ? (short ? 5 : 15) : seconds
  const shop = await startShop()
  try {
    const script = join(root, 'examples', 'shop', 'journey.ts')
    const load = [
      '--vus',
      vus,
      '--duration',
      `${runS}s`,
      '-e',
      `BASE_URL=${shop.url}`,
      '-e',
      `PACE=${pace}`,
      '--no-report',
    ]
    const once = async (observe) => {
      const before = cpuMs(shop.pid)
      const { metrics } = await timedScript('perfwright', [...load, ...observe, script], { work })
      return { cpuMs: cpuMs(shop.pid) - before, requests: metrics.http_reqs.count }
    }
    const arms = { without: ['--no-observe'], with: [] }
    // The first requests are compiled, later ones run.
    await once(arms.without)
    await once(arms.with)
    const perRequest = { with: [], without: [] }
    const perS = []
    for (let pair = 0; pair < pairs; pair++) {
      const order = pair % 2 === 0 ? ['without', 'with'] : ['with', 'without']
      for (const arm of order) {
        const { cpuMs: spent, requests } = await once(arms[arm])
        perRequest[arm].push(spent / requests)
        if (arm === 'without') perS.push(spent / runS)
      }
      process.stderr.write(
        `pair ${pair + 1}/${pairs}: ${format(perRequest.without.at(-1), 3)} ms a request without, ${format(perRequest.with.at(-1), 3)} with\n`,
      )
    }
    const ratios = perRequest.with.map((value, i) => value / perRequest.without[i])
    const { middle, low, high } = pairedInterval(ratios)
    const percent = (ratio) => `${ratio >= 1 ? '+' : ''}${format((ratio - 1) * 100, 1)} %`
    process.stdout.write(
      `\nCPU of the shop's process per request: ${format(median(perRequest.without), 3)} ms without, ${format(median(perRequest.with), 3)} ms with host, cgroup, target and Node collectors; ${pairs} pairs of ${runS} s, ${format(median(perS), 0)} ms CPU a second\n` +
        `With them: ${percent(middle)} [${percent(low)}, ${percent(high)}] (median of the pairs' ratios, 95 % bootstrap interval)\n`,
    )
    return { pairs, seconds: runS, perRequest, ratio: { middle, low, high } }
  } finally {
    shop.stop()
  }
}

/** `demo --serve` and what it started, all on core 0. */
async function startShop() {
  const child = spawn('taskset', ['-c', '0', ...perfwright, 'demo', '--serve', '--products', '20000'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const url = await new Promise((resolve, reject) => {
    let text = ''
    child.stderr.on('data', (chunk) => {
      text += chunk
      const found = /open at (http:\S+?)[,.]?\s/.exec(text)
      if (found !== null && text.includes('Ctrl-C')) resolve(found[1])
    })
    child.on('close', (code) => reject(new Error(`the shop ended with ${code}: ${text}`)))
  })
  const port = new URL(url).port
  const listening = spawnSync('ss', ['-Hltnp', `sport = :${port}`], { encoding: 'utf8' }).stdout
  const pid = Number(/pid=(\d+)/.exec(listening)?.[1])
  if (!(pid > 0)) throw new Error(`who listens on ${port}? ss says: ${listening}`)
  return { url, pid, stop: () => child.kill('SIGTERM') }
}

/** By the scheduler's account of each thread (nanoseconds; the ticks of /proc/PID/stat are 10 ms). */
function cpuMs(pid) {
  let ns = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
    } catch {
      // A thread that ended.
    }
  }
  return ns / 1e6
}
