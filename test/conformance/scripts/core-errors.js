// Error texts and results of k6's core functions, in init and in VU code.
import { check, fail, group, sleep } from 'k6'
import exec from 'k6/execution'
import { Counter, Gauge, Rate, Trend } from 'k6/metrics'

const counter = new Counter('my_counter')
// k6 runs the init code once more than perfwright does (init-runs): one instance is heard.
const t = (name, fn) => {
  try {
    const value = JSON.stringify(fn())
    if (__VU === 1) console.log(name, value)
  } catch (e) {
    if (__VU === 1) console.log(name, 'THROW', String(e), e instanceof Error, e.name)
  }
}
t('init scenario', () => exec.scenario.name)
t('init vu', () => exec.vu.idInTest)
t('init instance', () => exec.instance.vusActive)
t('init options', () => exec.test.options)
t('init check', () => check(1, { a: () => true }))
t('init group', () => group('x', () => 1))
t('init sleep', () => sleep(0.01))
t('init add', () => counter.add(1))
t('same', () => new Counter('my_counter').name)
t('other type', () => new Gauge('my_counter'))
t('bad name', () => new Rate('0bad'))
t('no name', () => new Trend())
t('empty', () => new Counter(''))

export const options = { vus: 1, iterations: 1 }

export default function () {
  t('check async', () => check(1, { a: async () => true }))
  t('group async', () => group('g', async () => 1))
  t('group ::', () => group('a::b', () => 1))
  t('check ::', () => check(1, { 'a::b': true }))
  t('check throws', () =>
    check(1, {
      ok: true,
      bad: () => {
        throw new Error('inner')
      },
      after: true,
    }),
  )
  t('check null', () => check(1, null))
  t('check none', () => check(1))
  t('check array', () => check(1, ['x']))
  t('check truthy', () => check(1, { s: 'x', z: 0, e: '', n: null, f: (v) => v === 1 }))
  t('check tags', () => check(1, { tagged: true }, { extra: 'yes' }))
  t('check bad tags', () => check(1, { tagged: true }, { extra: {} }))
  t('fail', () => fail('no'))
  t('fail empty', () => fail())
  t('sleep text', () => sleep('a'))
  t('sleep negative', () => sleep(-1))
  t('sleep text number', () => sleep('0.001'))
  t('group value', () => group('ok', () => 5))
  t('group this', () =>
    group('ok', function () {
      return typeof this
    }),
  )
  t('group throws', () =>
    group('bad', () => {
      throw new TypeError('from group')
    }),
  )
  t('group no function', () => group('ok'))
  t('add text', () => counter.add('x'))
  t('add numeric text', () => counter.add('2'))
  t('add nothing', () => counter.add(undefined))
  t('add null', () => counter.add(null))
  t('add true', () => counter.add(true))
  t('add NaN', () => counter.add(NaN))
  t('add tags', () => counter.add(1, { a: 1, b: true, c: 's' }))
  t('add bad tags', () => counter.add(1, { a: 1, b: null, c: {} }))
  t('late metric', () => new Counter('later'))
  t('open', () => open('x'))
}
