// Contenders side by side: interleaved rounds, so that a busy minute of the machine falls on all of them.
import { format, median, showSpread, spread } from './statistics.mjs'

/**
 * Runs every contender once a round and prints the table.
 * @param contenders name -> async () => ({ count, cpuS, maxRssKb }): what it got done in one run, and its cost
 * @param ratios column title -> name of the contender that counts as 1 (columns of absent contenders are left out)
 * @param unit what is counted: 'requests', 'messages'
 */
export async function contest({ contenders, ratios, unit, rounds, seconds, caption }) {
  const results = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const { count, cpuS, maxRssKb } = await run()
      results[name].push({ perCpuS: count / cpuS, perS: count / seconds, rssMb: maxRssKb / 1024 })
      process.stderr.write(`round ${round + 1}/${rounds} ${name}: ${Math.round(count / cpuS)} ${unit} per CPU second\n`)
    }
  }
  const columns = Object.entries(ratios).filter(([, base]) => results[base] !== undefined)
  const rows = Object.entries(results).map(([name, runs]) => ({
    name,
    perCpuS: spread(runs.map((run) => run.perCpuS)),
    perS: spread(runs.map((run) => run.perS)),
    rssMb: median(runs.map((run) => run.rssMb)),
    ratios: Object.fromEntries(
      columns.map(([title, base]) => [title, spread(runs.map((run, i) => run.perCpuS / results[base][i].perCpuS))]),
    ),
  }))
  const head = ['Tool', `${unit} per CPU second`, ...columns.map(([title]) => title), `${unit}/s`, 'MB']
  process.stdout.write(`\n${caption}; ${seconds} s a run, ${rounds} interleaved rounds, median [min-max]\n\n`)
  process.stdout.write(`| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}\n`)
  for (const row of rows)
    process.stdout.write(
      `| ${[
        row.name,
        showSpread(row.perCpuS),
        ...columns.map(([title]) => showSpread(row.ratios[title], 2)),
        showSpread(row.perS),
        format(row.rssMb),
      ].join(' | ')} |\n`,
    )
  return rows
}
