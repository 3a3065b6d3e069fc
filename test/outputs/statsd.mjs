import { freePort, until } from './target.mjs'

/** The exporter shows as Prometheus series what it got; tags of Datadog's kind become labels. */
export async function statsd({ programs, start, load }) {
  const [web, udp] = [await freePort(), await freePort()]
  start(programs.statsd_exporter, [
    `--web.listen-address=127.0.0.1:${web}`,
    `--statsd.listen-udp=127.0.0.1:${udp}`,
    '--statsd.listen-tcp=',
  ])
  const page = async () => (await fetch(`http://127.0.0.1:${web}/metrics`)).text()
  await until('statsd_exporter', page)
  await load('perfwright', { outs: [`datadog=127.0.0.1:${udp}`] })
  const text = await until('20 iterations', async () => {
    const shown = await page()
    return /^k6_iterations\{.*\} 20$/m.test(shown) && shown
  })
  const wanted = [
    /^k6_http_reqs\{.*status="404".*\} 20$/m,
    /^k6_my_counter\{a="b",.*\} 40$/m,
    /^k6_my_gauge\{.*\} \d$/m,
    /^k6_check_is_200_pass\{.*\} 20$/m,
    /^k6_my_time_sum\{.*\} 0\.24\d*$/m,
    /^k6_http_req_duration_count\{.*status="200".*\} 20$/m,
    /^statsd_exporter_sample_errors_total.* [1-9]/m,
  ]
  const missing = wanted.filter((one, i) => one.test(text) === (i === wanted.length - 1))
  if (missing.length > 0)
    throw new Error(`not as expected: ${missing.join(', ')}\n${text.match(/^k6_.*/gm)?.join('\n')}`)
  return `${text.match(/^k6_\w+(?=\{| )/gm).length} series`
}
