// What the statistics promise, measured on noise with a known truth: false alarms, smallest effects, coverage of
// intervals. Simulation alone, seeded: the same tables on every machine. docs/statistics.md holds what it printed.
import * as stats from '../../dist/stats/index.js'
import { changeTest, closedThroughput, kneeTest, leakTest, quantileTest, warmUpTest } from '../lib/simulations.mjs'

export function run({ short }) {
  const scale = short ? 0.1 : 1
  return {
    leak: leak(Math.round(1000 * scale), Math.round(200 * scale)),
    knee: knee(Math.round(40 * scale)),
    quantile: quantile(Math.round(100 * scale)),
    warmUp: warmUp(Math.round(1000 * scale)),
    change: change(Math.round(100 * scale)),
  }
}

function leak(runs, powerRuns) {
  const rhos = [0, 0.5, 0.8, 0.9, 0.95, 0.99, 1]
  const rows = [30, 60, 300, 900, 1800].flatMap((n) =>
    rhos.map((rho) => leakTest(stats, { n, rho, runs, powerRuns, random: seeded(7) })),
  )
  print(
    `Leak test at level 0.01: ${runs} runs of noise alone, ${powerRuns} with a leak of the size that the test states`,
    ['readings', 'correlation', 'false alarms', 'by blocks', 'smallest growth over the run', 'found'],
    rows.map(({ n, rho, alarms, byBlocks, detectable, power }) => [
      n,
      rho === 1 ? '1 (random walk)' : rho,
      percent(alarms, 2),
      percent(byBlocks),
      `${detectable.toFixed(2)} ${rho === 1 ? 'steps' : 'sd'}`,
      percent(power),
    ]),
  )
  return rows
}

function knee(runs) {
  const law = (n) => stats.uslAt({ lambda: 40, sigma: 0.03, kappa: 0.0008 }, n)
  const cases = [
    ['USL, N* = 34.8, ladder to 80', [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 80], law, 34.82],
    ['the same, ladder to 48', [1, 2, 4, 8, 12, 16, 24, 32, 40, 48], law, 34.82],
    ['the same, ladder to 24', [1, 2, 4, 8, 12, 16, 20, 24], law, undefined],
    ['the same, ladder to 8', [1, 2, 3, 4, 5, 6, 7, 8], law, undefined],
    ['no limit', [1, 2, 4, 8, 12, 16, 24, 32], (n) => 40 * n, undefined],
    ['pool of 4 x 20 ms', [1, 2, 3, 4, 6, 8, 12, 16], (n) => closedThroughput(n, 4, 0.02, 0), 4],
    ['the same, ladder to 4', [1, 1.5, 2, 2.5, 3, 3.5, 4], (n) => closedThroughput(n, 4, 0.02, 0), undefined],
    [
      'the same, 100 ms of think time',
      [2, 4, 8, 12, 16, 20, 24, 32, 48, 64],
      (n) => closedThroughput(n, 4, 0.02, 0.1),
      24,
    ],
    ['200/s in an open ramp', [40, 80, 120, 160, 200, 240, 280, 320, 360], (n) => Math.min(n, 200), 200],
  ]
  const rows = [0.02, 0.05].flatMap((noise) =>
    cases.map(([name, loads, throughputAt, truth]) => ({
      name,
      noise,
      truth,
      ...kneeTest(stats, { loads, throughputAt, truth: truth ?? Number.NaN, noise, runs, random: seeded(3) }),
    })),
  )
  print(
    `Knee: ${runs} ladders each`,
    ['system', 'noise', 'reached', 'true knee', 'median found', 'interval holds it'],
    rows.map((row) => [
      row.name,
      percent(row.noise),
      percent(row.reached),
      row.truth ?? 'beyond the ladder',
      row.median === undefined ? '-' : row.median.toFixed(1),
      row.held === undefined || row.truth === undefined ? '-' : percent(row.held),
    ]),
  )
  return rows
}

function quantile(runs) {
  const shapes = [
    { mood: 0, rho: 0 },
    { mood: 0.2, rho: 0 },
    { mood: 0.2, rho: 0.5 },
    { mood: 0.2, rho: 0.8 },
  ]
  const rows = shapes.flatMap((shape) =>
    [
      [0.5, 0],
      [0.95, 1.6448536269514722],
      [0.99, 2.3263478740408408],
    ].map(([q, zOfQ]) => ({
      ...shape,
      q,
      ...quantileTest(stats, { ...shape, seconds: 60, perSecond: 50, spread: 0.3, q, zOfQ, runs, random: seeded(5) }),
    })),
  )
  print(
    `95 % interval of a quantile: ${runs} runs of 60 s at 50/s, seconds that share a mood`,
    ['mood of a second (sd of log)', 'correlation of seconds', 'quantile', 'holds the truth', 'binomial alone'],
    rows.map((row) => [row.mood, row.rho, row.q, percent(row.held), percent(row.binomial)]),
  )
  return rows
}

function warmUp(runs) {
  const rows = [
    [0, 0],
    [5, 6],
    [15, 6],
    [30, 6],
    [60, 6],
  ].flatMap(([tau, size]) =>
    [0, 0.5].map((rho) => ({
      tau,
      size,
      rho,
      ...warmUpTest(stats, { n: 120, tau, size, rho, runs, random: seeded(9) }),
    })),
  )
  print(
    `Warm-up: ${runs} series of 120 values, exponential of 6 sd at the start`,
    ['time constant', 'correlation', 'median cut by MSER-5', 'flagged by the halves test at 0.01'],
    rows.map(({ tau, rho, cut, flagged }) => [tau, rho, cut, percent(flagged)]),
  )
  return rows
}

function change(runs) {
  const rows = [
    [60, 0],
    [60, 8],
    [60, 4],
  ].map(([n, step]) => ({ n, step, ...changeTest(stats, { n, step, runs, random: seeded(11) }) }))
  print(
    `Change points: ${runs} histories of 60 values, noise 4 %, a step in the middle`,
    ['step', 'any found', 'found within 2 values of its place'],
    rows.map(({ step, any, right }) => [`${step} %`, percent(any), step === 0 ? '-' : percent(right)]),
  )
  return rows
}

function print(title, head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |\n`
  process.stdout.write(`\n${title}\n\n${line(head)}${line(head.map(() => '---'))}${rows.map(line).join('')}`)
}

function percent(ratio, digits = 0) {
  return `${(100 * ratio).toFixed(digits)} %`
}

/** mulberry32, as src/base/random.ts. */
function seeded(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
