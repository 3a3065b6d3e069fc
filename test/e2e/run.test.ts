import { readdirSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folder, perfwright, readJson, startTarget, type Target } from './cli.js'

let target: Target
beforeAll(async () => {
  target = await startTarget()
})
afterAll(() => target.stop())

// The script of the mission's "Load Testing Quick Starts", its stages shortened by flags and only its host changed.
const quickStart = (url: string): string => `
import http from 'k6/http';
import { check, sleep } from 'k6';

export const options = {
  stages: [
    { duration: '1s', target: 5 },
    { duration: '1s', target: 5 },
    { duration: '1s', target: 0 },
  ],
  thresholds: {
    http_req_duration: ['p(95)<500'],
    http_req_failed: ['rate<0.01'],
  },
};

export default function () {
  const res = http.get('${url}/products');
  check(res, {
    'status is 200': (r) => r.status === 200,
  });
  sleep(0.1);
}
`

describe('perfwright run', () => {
  it("runs the mission's quick start and exits 0", async () => {
    const cwd = folder({ 'script.js': quickStart(target.url) })
    const { code, stdout } = await perfwright(['run', 'script.js'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toContain('status is 200')
    expect(stdout).toContain('http_req_duration')
    const [run] = readdirSync(join(cwd, '.perfwright', 'runs'))
    const record = readJson(cwd, '.perfwright', 'runs', run!, 'run.json') as unknown as {
      formatVersion: number
      exit: { code: number }
    }
    expect(record.formatVersion).toBe(1)
    expect(record.exit.code).toBe(0)
  })

  it('exits 99 for a threshold that cannot hold, and says which', async () => {
    const cwd = folder({ 'script.js': quickStart(target.url).replace('p(95)<500', 'p(95)<0') })
    const { code, stderr } = await perfwright(['run', '--quiet', 'script.js'], { cwd })
    expect(code).toBe(99)
    expect(stderr).toContain("thresholds on metrics 'http_req_duration' have been crossed")
  })

  it('reads the script from standard input, in TypeScript too when a file says so', async () => {
    const cwd = folder({
      'typed.ts':
        'const n: number = 1\nexport const options = { iterations: n }\nexport default (): void => console.log(`n=${n}`)',
    })
    const js = await perfwright(['run', '--quiet', '--no-summary', '-'], {
      cwd,
      input: 'export default () => console.log("from stdin")',
    })
    expect(js.code).toBe(0)
    expect(js.stderr).toContain('from stdin')
    const ts = await perfwright(['run', '--quiet', '--no-summary', 'typed.ts'], { cwd })
    expect(ts.stderr).toContain('n=1')
    expect(ts.code).toBe(0)
  })

  it('counts exactly the requests that the server saw', async () => {
    const cwd = folder({
      'script.js': `import http from 'k6/http'; export default () => { http.get('${target.url}/exact-count-' + 'probe') }`,
    })
    await perfwright(['run', '--quiet', '-u', '10', '-i', '777', '--summary-export', 's.json', 'script.js'], { cwd })
    const counts = (await (await fetch(`${target.url}/counts`)).json()) as Record<string, number>
    const summary = readJson(cwd, 's.json') as unknown as { metrics: Record<string, { count: number }> }
    expect(summary.metrics['http_reqs']!.count).toBe(777)
    expect(counts['GET /exact-count-probe']).toBe(777)
  })

  it('ends an endless loop at gracefulStop, and keeps the rest of the run', async () => {
    const cwd = folder({
      'script.js': `export const options = { scenarios: { a: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '1s' } } }
        export default function () { try { for (;;) { Math.sqrt(2) } } catch (e) { console.log('caught') } }
        export function teardown() { console.log('teardown ran') }`,
    })
    const { code, stderr } = await perfwright(['run', '--quiet', 'script.js'], { cwd })
    expect(code).toBe(0)
    expect(stderr).not.toContain('caught')
    expect(stderr).toContain('teardown ran')
  })

  it('keeps a VU from seeing what another wrote to globals and prototypes', async () => {
    const cwd = folder({
      'script.js': `export const options = { vus: 3, iterations: 9 }
        globalThis.mine = 0
        String.prototype.shout = function () { return this + '!' }
        export default function () {
          Array.prototype.seen = (Array.prototype.seen || 0) + 1
          globalThis.mine++
          if (Array.prototype.seen !== globalThis.mine || 'a'.shout() !== 'a!') throw new Error('leaked ' + Array.prototype.seen + ' ' + globalThis.mine)
        }`,
    })
    const { code, stderr } = await perfwright(['run', '--quiet', 'script.js'], { cwd })
    expect(code).toBe(0)
    expect(stderr).not.toContain('leaked')
  })

  it('runs setupVU once in every VU and hands its result to the iterations', async () => {
    const cwd = folder({
      'script.js': `import http from 'k6/http'
        export const options = { scenarios: { a: { executor: 'per-vu-iterations', vus: 3, iterations: 4 } } }
        export function setup() { return { base: '${target.url}' } }
        export function setupVU(data) { return { token: http.get(data.base + '/vu-setup-' + __VU).status, vu: __VU } }
        export default function (data, session) { if (session.vu !== __VU || session.token !== 404) throw new Error('no session') }`,
    })
    const { code, stderr } = await perfwright(
      ['run', '--quiet', '--fail-on-error', '--summary-export', 's.json', 'script.js'],
      { cwd },
    )
    expect(stderr).not.toContain('no session')
    expect(code).toBe(0)
    const summary = readJson(cwd, 's.json') as unknown as { metrics: Record<string, { count: number }> }
    expect(summary.metrics['http_reqs']!.count).toBe(3)
    expect(summary.metrics['iterations']!.count).toBe(12)
  })

  it('hides what k6 does not have', async () => {
    const cwd = folder({
      'script.js': `const hidden = [typeof process, typeof Buffer, typeof URL, typeof fetch, typeof structuredClone, typeof AbortController, typeof queueMicrotask, typeof Intl, typeof WeakRef, typeof performance]
        export default () => console.log(hidden.join())`,
    })
    const { stderr } = await perfwright(['run', '--quiet', 'script.js'], { cwd })
    expect(stderr).toContain(new Array(10).fill('undefined').join())
  })
})

describe('flags of our own', () => {
  const script = `import { check } from 'k6'; export const options = { iterations: 2 }; export default () => { check(1, { odd: (v) => v === __ITER }) }`

  it('--json prints one object with verdict, trust and summary', async () => {
    const cwd = folder({ 'script.js': script })
    const { code, stdout } = await perfwright(['run', '--json', 'script.js'], { cwd })
    const answer = JSON.parse(stdout) as {
      exit: { code: number }
      trust: { verdict: string }
      summary: { metrics: object }
    }
    expect(code).toBe(0)
    expect(answer.exit.code).toBe(0)
    expect(answer.summary.metrics).toHaveProperty('checks')
  })

  it('--fail-on-check exits 99 and names the check', async () => {
    const cwd = folder({ 'script.js': script })
    const { code, stderr } = await perfwright(['run', '--quiet', '--fail-on-check', 'script.js'], { cwd })
    expect(code).toBe(99)
    expect(stderr).toContain("'odd'")
  })

  it('says which flags of k6 do nothing yet, and how to get the real k6', async () => {
    const cwd = folder({ 'script.js': script })
    const { stderr } = await perfwright(['run', '--quiet', '--profiling-enabled', 'script.js'], { cwd })
    expect(stderr).toContain('--profiling-enabled has no effect')
    const missing = await perfwright(['run', '--engine', 'k6', 'script.js'], { cwd, env: { PW_K6: '/nowhere/k6' } })
    expect(missing.code).toBe(34)
    expect(missing.stderr).toContain('PW_ENGINE_K6_MISSING')
  })
})

describe('Ctrl-C', () => {
  const script = `import { sleep } from 'k6'
    export const options = { vus: 2, duration: '50s' }
    export default function () { sleep(0.3) }
    export function teardown() { console.log('teardown ran') }`

  it('once ends gracefully with 105, teardown and the record', async () => {
    const cwd = folder({ 'script.js': script })
    const { code, stderr, stdout } = await perfwright(['run', '--quiet', 'script.js'], {
      cwd,
      onStart: (child) => setTimeout(() => child.kill('SIGINT'), 1200),
    })
    expect(code).toBe(105)
    expect(stderr).toContain('teardown ran')
    expect(stdout).toContain('iterations')
    const [run] = readdirSync(join(cwd, '.perfwright', 'runs'))
    expect(
      (readJson(cwd, '.perfwright', 'runs', run!, 'run.json') as unknown as { exit: { code: number } }).exit.code,
    ).toBe(105)
  })

  it('twice ends at once, and the record stays readable', async () => {
    const cwd = folder({ 'script.js': script.replace('sleep(0.3)', 'sleep(40)') })
    const { code } = await perfwright(['run', '--quiet', 'script.js'], {
      cwd,
      onStart: (child) => {
        setTimeout(() => child.kill('SIGINT'), 1200)
        setTimeout(() => child.kill('SIGINT'), 1700)
      },
    })
    expect(code).toBe(105)
    const [run] = readdirSync(join(cwd, '.perfwright', 'runs'))
    const report = await perfwright(['report', join('.perfwright', 'runs', run!), '--format', 'json'], { cwd })
    expect(report.code).toBe(0)
  })

  it('kill -9 leaves a record that opens and says what is missing', async () => {
    const cwd = folder({
      'script.js': `import http from 'k6/http'; export const options = { vus: 2, duration: '30s' }; export default () => { http.get('${target.url}/get') }`,
    })
    await perfwright(['run', '--quiet', 'script.js'], {
      cwd,
      onStart: (child) => setTimeout(() => child.kill('SIGKILL'), 3500),
    })
    const [run] = readdirSync(join(cwd, '.perfwright', 'runs'))
    const report = await perfwright(['report', join('.perfwright', 'runs', run!), '--format', 'json'], { cwd })
    expect([0, 35]).toContain(report.code)
    expect(report.stdout).toContain('http_req_duration')
    expect(report.stdout).toMatch(/killed|did not end|missing/)
  })
})

describe('bad input gets a clear error', () => {
  const cases: readonly [what: string, script: string | undefined, args: string[], code: number, text: RegExp][] = [
    ['a missing file', undefined, ['nowhere.js'], 255, /nowhere\.js.*couldn't be found/s],
    ['a syntax error', 'export default function () {\n  let a = ;\n}', [], 107, /script\.js:2:11/],
    [
      'an unknown module',
      "import x from 'k6/x/kafka'\nexport default () => x()",
      [],
      107,
      /k6\/x\/kafka.*script\.js:1/s,
    ],
    ['a bad option', "export const options = { duration: 'soon' }\nexport default () => {}", [], 104, /duration/],
    [
      'an unknown executor',
      "export const options = { scenarios: { a: { executor: 'nope' } } }\nexport default () => {}",
      [],
      104,
      /nope/,
    ],
    [
      'a threshold on an unknown metric',
      "export const options = { thresholds: { nothing: ['rate<1'] } }\nexport default () => {}",
      [],
      104,
      /nothing/,
    ],
    [
      'a threshold that is no expression',
      "export const options = { thresholds: { http_reqs: ['p(95)<'] } }\nexport default () => {}",
      [],
      104,
      /p\(95\)</,
    ],
    [
      'an exception in init',
      "throw new Error('in init')\nexport default () => {}",
      [],
      107,
      /Error: in init.*script\.js:1:7/s,
    ],
    [
      'an exception in setup',
      "export function setup() {\n  throw new Error('in setup')\n}\nexport default () => {}",
      [],
      107,
      /Error: in setup.*setup \(file:\/\/.*script\.js:2:9\)/s,
    ],
    ['an unknown flag', 'export default () => {}', ['--vuss', '1'], 255, /unknown flag: --vuss/],
    [
      'a missing export',
      "export const options = { scenarios: { a: { executor: 'per-vu-iterations', exec: 'absent' } } }\nexport default () => {}",
      [],
      104,
      /absent/,
    ],
    ['a file that open() cannot find', "const d = open('./gone.csv')\nexport default () => d", [], 107, /gone\.csv/],
  ]
  for (const [what, script, args, code, text] of cases) {
    it(`${what}: exit ${code}`, async () => {
      const cwd = folder(script === undefined ? {} : { 'script.js': script })
      const answer = await perfwright(['run', '--quiet', ...args, ...(script === undefined ? [] : ['script.js'])], {
        cwd,
      })
      expect(answer.stderr).toMatch(text)
      expect(answer.code).toBe(code)
    })
  }

  it('an exception in an iteration is counted, and the run goes on', async () => {
    const cwd = folder({
      'script.js':
        "export const options = { iterations: 4 }\nexport default function () {\n  if (__ITER % 2) throw new TypeError('odd')\n}",
    })
    const { code, stderr } = await perfwright(['run', '--quiet', '--summary-export', 's.json', 'script.js'], { cwd })
    expect(code).toBe(0)
    expect(stderr.match(/TypeError: odd\\n\\tat default \(file:.*script\.js:3:25\)/g)).toHaveLength(2)
    expect(
      (readJson(cwd, 's.json') as unknown as { metrics: { iterations: { count: number } } }).metrics.iterations.count,
    ).toBe(4)
    const strict = await perfwright(['run', '--quiet', '--fail-on-error', 'script.js'], { cwd })
    expect(strict.code).toBe(99)
  })

  it('a target that is down: error samples, k6 words, no crash', async () => {
    const cwd = folder({
      'script.js':
        "import http from 'k6/http'\nexport const options = { iterations: 3 }\nexport default () => { const r = http.get('http://127.0.0.1:1/'); console.log(r.status, r.error_code, r.error) }",
    })
    const { code, stderr } = await perfwright(['run', '--quiet', 'script.js'], { cwd })
    expect(code).toBe(0)
    expect(stderr).toContain('0 1212 dial: connection refused')
    expect(stderr).toContain('Request Failed')
  })

  it('a target that dies in the middle: the run goes on and counts failures', async () => {
    const victim = await startTarget()
    const cwd = folder({
      'script.js': `import http from 'k6/http'; import { sleep } from 'k6'\nexport const options = { vus: 2, duration: '3s' }\nexport default () => { http.get('${victim.url}/get'); sleep(0.05) }`,
    })
    const { code } = await perfwright(['run', '--quiet', '--summary-export', 's.json', 'script.js'], {
      cwd,
      onStart: () => setTimeout(() => victim.stop(), 1500),
    })
    expect(code).toBe(0)
    const failed = (
      readJson(cwd, 's.json') as unknown as { metrics: Record<string, { passes: number; fails: number }> }
    ).metrics['http_req_failed']!
    expect(failed.passes).toBeGreaterThan(0)
    expect(failed.fails).toBeGreaterThan(0)
  })

  it('a name that does not resolve: 1101', async () => {
    const cwd = folder({
      'script.js':
        "import http from 'k6/http'\nexport default () => console.log(http.get('http://no-such-host.invalid/').error_code)",
    })
    const { stderr } = await perfwright(['run', '--quiet', 'script.js'], { cwd })
    expect(stderr).toMatch(/msg=1101|msg=1100/)
  })

  it('a record folder that cannot be written: the run goes on and says so', async () => {
    const cwd = folder({ 'script.js': 'export default () => {}', file: 'not a folder' })
    const { code, stderr } = await perfwright(['run', '--quiet', '--record', 'file/below', 'script.js'], { cwd })
    expect([0, 35]).toContain(code)
    expect(stderr).toMatch(/record/i)
  })
})

describe('outputs', () => {
  it('writes json and csv as k6 names them', async () => {
    const cwd = folder({
      'script.js': `import http from 'k6/http'; export const options = { iterations: 2 }; export default () => { http.get('${target.url}/get') }`,
    })
    const { code } = await perfwright(['run', '--quiet', '--out', 'json=o.json', '--out', 'csv=o.csv', 'script.js'], {
      cwd,
    })
    expect(code).toBe(0)
    const lines = readFileSync(join(cwd, 'o.json'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; metric: string })
    expect(lines.filter((line) => line.type === 'Point' && line.metric === 'http_reqs')).toHaveLength(2)
    expect(readFileSync(join(cwd, 'o.csv'), 'utf8').split('\n')[0]).toContain('metric_name,timestamp,metric_value')
  })

  it("handleSummary gets k6's data and writes files", async () => {
    const cwd = folder({
      'script.js': `export const options = { iterations: 1 }; export default () => {}; export function handleSummary(data) { return { 'out.json': JSON.stringify(data), stdout: 'SAID' } }`,
    })
    const { stdout } = await perfwright(['run', '--quiet', 'script.js'], { cwd })
    expect(stdout).toContain('SAID')
    expect(Object.keys(readJson(cwd, 'out.json')).sort()).toEqual(['metrics', 'options', 'root_group', 'state'])
    expect(existsSync(join(cwd, '.perfwright', 'runs'))).toBe(true)
  })
})
