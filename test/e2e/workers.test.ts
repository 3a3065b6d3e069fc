import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folder, perfwright, readJson, startTarget, type Target } from './cli.js'

let target: Target
beforeAll(async () => {
  target = await startTarget()
})
afterAll(() => target.stop())

/** Every value that the script logged as `word=value`, in order. */
const logged = (text: string, word: string): string[] =>
  [...text.matchAll(new RegExp(`\\b${word}=([^ "\\\\]+)`, 'g'))].map(([, value]) => value ?? '')
const numbers = (list: readonly string[]): number[] => list.map(Number).sort((a, b) => a - b)
const upTo = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => i + from)

const whole = `
import exec from 'k6/execution'
import { SharedArray } from 'k6/data'
import { sleep } from 'k6'
import { Counter, Trend, Gauge } from 'k6/metrics'
const mine = new Counter('mine')
const rows = new SharedArray('rows', () => { console.log('built=yes'); return [{ a: 'zoé' }, { a: 2 }] })
const text = open('./data.txt')
export const options = {
  scenarios: {
    shared: { executor: 'shared-iterations', vus: 5, iterations: 40, exec: 'shared' },
    each: { executor: 'per-vu-iterations', vus: 4, iterations: 3, exec: 'each', startTime: '500ms' },
    open: { executor: 'constant-arrival-rate', rate: 100, duration: '1s', preAllocatedVUs: 3, maxVUs: 6, exec: 'arrivals' },
  },
  thresholds: { mine: ['count==52'], iterations: ['count>=153'], 'iterations{scenario:shared}': ['count==40'] },
}
export function setup() { console.log('setup=' + exec.instance.vusInitialized); return { token: 'abc' } }
const who = (data) => 'vu=' + __VU + ' test=' + exec.vu.idInTest + ' token=' + data.token + ' row=' + rows[0].a + ' file=' + text.trim()
export function shared(data) { mine.add(1); console.log('n=' + exec.scenario.iterationInTest + ' m=' + exec.scenario.iterationInInstance + ' ' + who(data)); sleep(0.02) }
export function each(data) { mine.add(1); console.log('e=' + exec.scenario.iterationInTest + ' pair=' + __VU + '/' + exec.vu.iterationInScenario) }
export function arrivals(data) { console.log('o=' + exec.scenario.iterationInTest) }
export function teardown(data) { console.log('teardown=' + data.token) }
`

describe('a run on several workers', () => {
  it('is one run: ids without gap or repetition, everything that happens once happens once', async () => {
    const cwd = folder({ 's.js': whole, 'data.txt': 'hello\n' })
    const args = ['--workers', '3', '--summary-export', 'sum.json', '--out', 'json=out.json', '--record', 'rec', 's.js']
    const { code, stderr, stdout } = await perfwright(['run', ...args], { cwd })
    expect(`${stdout}${stderr}`).toContain('3 workers')
    expect(code, stderr).toBe(0)
    expect(logged(stderr, 'built')).toEqual(['yes'])
    // 5 + 3 + 4: as many as one worker would make, though only one of these divides by 3.
    expect(logged(stderr, 'setup')).toEqual(['12'])
    expect(logged(stderr, 'teardown')).toEqual(['abc'])
    expect(numbers(logged(stderr, 'n'))).toEqual(upTo(40))
    expect(numbers(logged(stderr, 'm'))).toEqual(upTo(40))
    expect(numbers(logged(stderr, 'e'))).toEqual(upTo(12))
    expect(numbers(logged(stderr, 'o'))).toEqual(upTo(101))
    expect(new Set(logged(stderr, 'pair')).size).toBe(12)
    expect(new Set(logged(stderr, 'vu')).size).toBe(5)
    expect(logged(stderr, 'test')).toEqual(logged(stderr, 'vu'))
    expect([
      ...new Set(logged(stderr, 'token')),
      ...new Set(logged(stderr, 'row')),
      ...new Set(logged(stderr, 'file')),
    ]).toEqual(['abc', 'zoé', 'hello'])
    const { metrics } = readJson(cwd, 'sum.json') as unknown as { metrics: Record<string, Record<string, number>> }
    expect([metrics['iterations']?.['count'], metrics['mine']?.['count'], metrics['vus_max']?.['max']]).toEqual([
      153, 52, 12,
    ])
    const run = readJson(cwd, 'rec', 'run.json') as unknown as { scenarios: { name: string; sent: number }[] }
    expect(run.scenarios.map(({ name, sent }) => [name, sent]).toSorted()).toEqual([
      ['each', 12],
      ['open', 101],
      ['shared', 40],
    ])
    const samples = readJsonLines(join(cwd, 'out.json')).filter(
      ({ type, metric }) => type === 'Point' && metric === 'iterations',
    )
    expect(samples).toHaveLength(153)
  })

  it('keeps the limit of requests for all of them together', async () => {
    const script = `import http from 'k6/http'
export const options = { rps: 50, scenarios: { a: { executor: 'constant-vus', vus: 6, duration: '2s' } } }
export default function () { http.get('${target.url}/') }`
    const cwd = folder({ 's.js': script })
    const { code } = await perfwright(['run', '-q', '--workers', '3', '--summary-export', 'sum.json', 's.js'], { cwd })
    expect(code).toBe(0)
    const { metrics } = readJson(cwd, 'sum.json') as unknown as { metrics: Record<string, Record<string, number>> }
    // One every 20 ms in 2 s, and those that wait for their slot at the end.
    expect(metrics['http_reqs']?.['count']).toBeLessThanOrEqual(101 + 6)
  })

  it('ends everywhere when one VU aborts, and tells what it measured', async () => {
    const script = `import exec from 'k6/execution'
import { sleep } from 'k6'
export const options = { vus: 4, duration: '50s' }
export default function () { sleep(0.05); if (__VU === 2 && __ITER === 4) exec.test.abort('enough') }
export function teardown() { console.log('teardown=ran') }`
    const cwd = folder({ 's.js': script })
    const { code, stderr } = await perfwright(['run', '-q', '--workers', '2', '--record', 'rec', 's.js'], { cwd })
    expect([code, logged(stderr, 'teardown')]).toEqual([108, ['ran']])
    expect(stderr).toContain('test aborted: enough')
    expect(readdirSync(join(cwd, 'rec'))).toContain('run.json')
  })

  it('ends with a clear error when a worker dies, and keeps what was measured', async () => {
    const script = `import { sleep } from 'k6'
export const options = { vus: 4, duration: '50s' }
const kept = []
export default function () { sleep(0.05); while (__VU === 2 && __ITER === 20) kept.push(new Array(1e5).fill(Math.random())) }
export function teardown() { console.log('teardown=ran') }`
    const cwd = folder({ 's.js': script })
    const { code, stderr } = await perfwright(['run', '-q', '--workers', '2', '--record', 'rec', 's.js'], {
      cwd,
      env: { NODE_OPTIONS: '--max-old-space-size=100' },
    })
    expect(stderr).toContain('PW_ENGINE_WORKER_DIED')
    // The worker that was left cleans up what setup() made.
    expect([code, logged(stderr, 'teardown')]).toEqual([35, ['ran']])
    const run = readJson(cwd, 'rec', 'run.json') as unknown as { scenarios: { sent: number }[]; exit: { code: number } }
    expect([run.exit.code, (run.scenarios[0]?.sent ?? 0) > 40]).toEqual([35, true])
  })

  it.each([
    ['interrupted once', false, ['ran']],
    ['interrupted twice, in a loop that nothing ends', true, []],
  ])('ends when it is %s', async (_name, twice, teardown) => {
    const forever = String.raw`'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'.match(/^(a+)+$/)`
    const script = `import { sleep } from 'k6'
export const options = { vus: 4, duration: '50s' }
export default function () { console.log('began=yes'); ${twice ? forever : 'sleep(20)'} }
export function teardown() { console.log('teardown=ran') }`
    const cwd = folder({ 's.js': script })
    const { code, stderr } = await perfwright(['run', '-q', '--workers', '2', '--record', 'rec', 's.js'], {
      cwd,
      onStart: (child) => {
        // Before Node's own handlers are there a signal would just end it: the record's folder comes later than those.
        const poll = setInterval(() => {
          if (!readdirSync(cwd).includes('rec')) return
          clearInterval(poll)
          setTimeout(() => child.kill('SIGINT'), 1500)
          if (twice) setTimeout(() => child.kill('SIGINT'), 2000)
        }, 50)
      },
    })
    expect([code, logged(stderr, 'teardown')]).toEqual([105, teardown])
  })

  it('takes its part of an execution segment', async () => {
    const script = `import exec from 'k6/execution'
import { sleep } from 'k6'
export const options = { scenarios: { a: { executor: 'shared-iterations', vus: 12, iterations: 60 } } }
export default function () { console.log('n=' + exec.scenario.iterationInTest + ' id=' + exec.vu.idInTest); sleep(0.05) }`
    const cwd = folder({ 's.js': script })
    const parts = ['0:1/4', '1/4:1/2', '1/2:1']
    const outs = await Promise.all(
      parts.map((part, i) =>
        perfwright(
          [
            'run',
            '-q',
            '--workers',
            '2',
            '--record',
            `rec${i}`,
            '--execution-segment',
            part,
            '--execution-segment-sequence',
            '0,1/4,1/2,1',
            's.js',
          ],
          { cwd },
        ),
      ),
    )
    expect(outs.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(numbers(outs.flatMap(({ stderr }) => logged(stderr, 'n')))).toEqual(upTo(60))
    const ids = outs.map(({ stderr }) => new Set(logged(stderr, 'id')))
    expect(numbers(ids.flatMap((set) => [...set]))).toEqual(upTo(12, 1))
  })
})

function readJsonLines(path: string): { type: string; metric: string }[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string; metric: string })
}
