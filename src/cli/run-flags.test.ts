import { describe, expect, it } from 'vitest'
import type { PerfwrightError } from '#base/errors.js'
import { parseInspectFlags, parseRunFlags, RUN_FLAGS, runHelp } from './run-flags.js'

const failure = (argv: readonly string[], env: Record<string, string> = {}): PerfwrightError => {
  try {
    parseRunFlags(argv, env)
  } catch (error) {
    return error as PerfwrightError
  }
  throw new Error('expected an error')
}

describe('parseRunFlags', () => {
  it('reads flags in every form, before and after the script', () => {
    const { script, options, runtime } = parseRunFlags(
      [
        '-qu3',
        '--duration=10s',
        'load.js',
        '-s',
        '5s:1,6s:2',
        '-s',
        '7s:3',
        '--no-setup=false',
        '--http-debug',
        '-o',
        'json=a',
        '-o=csv=b',
      ],
      {},
    )
    expect(script).toBe('load.js')
    expect(options).toMatchObject({ vus: 3, duration: 10e9, noSetup: false, httpDebug: 'headers' })
    expect(options['stages']).toEqual([
      { durationNs: 5e9, target: 1 },
      { durationNs: 6e9, target: 2 },
      { durationNs: 7e9, target: 3 },
    ])
    expect([runtime.quiet, runtime.outputs]).toEqual([true, ['json=a', 'csv=b']])
  })

  it('takes - and what follows -- as the script', () => {
    expect(parseRunFlags(['-'], {}).script).toBe('-')
    expect(parseRunFlags(['--', '-odd.js'], {}).script).toBe('-odd.js')
  })

  it('lets flags win over the environment, and keeps -e apart from it', () => {
    const env = {
      K6_OUT: 'json=x,csv=y',
      K6_SUMMARY_EXPORT: 'e.json',
      K6_LINGER: 'true',
      NO_COLOR: '1',
      PERFWRIGHT_STRICT: '1',
    }
    const { runtime } = parseRunFlags(['--summary-export', 'f.json', '-e', 'A=b=c', '-e', 'D', 's.js'], env)
    expect(runtime).toMatchObject({
      outputs: ['json=x', 'csv=y'],
      summaryExport: 'f.json',
      linger: true,
      noColor: true,
      strict: true,
      env: { A: 'b=c', D: '' },
      includeSystemEnvVars: true,
    })
    expect(parseInspectFlags(['s.js'], {}).runtime.includeSystemEnvVars).toBe(false)
  })

  // Right side: what k6 v2.2 prints.
  it.each([
    [['--foo', 's.js'], 'unknown flag: --foo'],
    [['-z', 's.js'], "unknown shorthand flag: 'z' in -z"],
    [
      ['--vus', 's.js'],
      'invalid argument "s.js" for "-u, --vus" flag: strconv.ParseInt: parsing "s.js": invalid syntax',
    ],
    [
      ['--rps', '99999999999999999999', 's.js'],
      'invalid argument "99999999999999999999" for "--rps" flag: strconv.ParseInt: parsing "99999999999999999999": value out of range',
    ],
    [['s.js', '--vus'], 'flag needs an argument: --vus'],
    [['s.js', '-u'], "flag needs an argument: 'u' in -u"],
    [['-d', '5', 's.js'], 'invalid argument "5" for "-d, --duration" flag: time: missing unit in duration "5"'],
    [['-s', '5:5', 's.js'], 'error for stage 0: time: missing unit in duration "5"'],
    [['-s', ':5', 's.js'], "stage 0 doesn't have a specified duration"],
    [['--tag', 'x', 's.js'], "error parsing tag 'x': invalid tag, empty value"],
    [['--tag', '=x', 's.js'], "error parsing tag '=x': invalid tag, empty name"],
    [['-e', '1x=2', 's.js'], "invalid environment variable name '1x'"],
    [
      ['--no-setup=foo', 's.js'],
      'invalid argument "foo" for "--no-setup" flag: strconv.ParseBool: parsing "foo": invalid syntax',
    ],
    [['--summary-mode', 'foo', 's.js'], 'invalid summary mode'],
    [['--summary-time-unit', 'h', 's.js'], "invalid summary time unit 'h', use 's', 'ms' or 'us'"],
    [['--dns', 'foo', 's.js'], 'no value for key foo'],
    [['--dns', 'foo=1', 's.js'], 'unknown DNS configuration field: foo'],
    [
      ['--compatibility-mode', 'x', 's.js'],
      'invalid compatibility mode "x". Use: "extended", "base", "experimental_enhanced"',
    ],
    [['--local-ips', 'x', 's.js'], 'x is not a valid IP, IP range or CIDR'],
    [['--blacklist-ip', 'x', 's.js'], "error parsing blacklist-ip 'x': invalid CIDR address: x"],
    [['--execution-segment', '2', 's.js'], "segment end value can't be more than 1 but was 2.00"],
    [['--log-output', 'x', 's.js'], "unsupported log output 'x'"],
    [
      [],
      'accepts 1 arg(s), received 0: arg should either be "-", if reading script from stdin, or a path to a script file',
    ],
    [
      ['a', 'b'],
      'accepts 1 arg(s), received 2: arg should either be "-", if reading script from stdin, or a path to a script file',
    ],
  ])('refuses %j with 255', (argv, message) => {
    const error = failure(argv)
    expect([error.exitCode, error.message]).toEqual([255, message])
  })

  it('names the flag that was probably meant', () => {
    expect(failure(['--iteration', '3', 's.js']).fix).toBe('Did you mean --iterations?')
    expect(failure(['--summery-export=x', 's.js']).fix).toBe('Did you mean --summary-export?')
    expect(failure(['--qwertz', 's.js']).fix).toBe('See perfwright run --help.')
  })

  it('refuses a boolean variable that is none', () => {
    expect(failure(['s.js'], { K6_NEW_MACHINE_READABLE_SUMMARY: 'x' }).message).toBe(
      'env var \'K6_NEW_MACHINE_READABLE_SUMMARY\' is not a valid boolean value: strconv.ParseBool: parsing "x": invalid syntax',
    )
  })
})

describe('runHelp', () => {
  it('lists every flag within the width, with an example', () => {
    const help = runHelp(110)
    for (const flag of RUN_FLAGS) if (!flag.hidden) expect(help).toContain(`--${flag.name}`)
    expect(help).toContain('perfwright run -u 50 -d 30s script.js')
    expect(Math.max(...help.split('\n').map((l) => l.length))).toBeLessThanOrEqual(120)
  })

  it('is asked for without a script', () => {
    expect(parseRunFlags(['--help'], {}).help).toBe(true)
  })

  it('--target-cmd, --target-pid and --observe win over PERFWRIGHT_NO_OBSERVE, and contradict --no-observe', () => {
    const env = { PERFWRIGHT_NO_OBSERVE: 'true' }
    expect(parseRunFlags(['s.js'], env).runtime.observe).toBeUndefined()
    expect(parseRunFlags(['--target-cmd', 'npm start', 's.js'], env).runtime.observe?.targetCommand).toBe('npm start')
    expect(() => parseRunFlags(['--no-observe', '--target-pid', '1', 's.js'], {})).toThrow(/contradict/)
  })
})
