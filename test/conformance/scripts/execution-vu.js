import exec from 'k6/execution'
import { vu, scenario, test, instance } from 'k6/execution'

export const options = {
  scenarios: { one: { executor: 'per-vu-iterations', vus: 2, iterations: 2, tags: { st: 'x' }, env: { WHO: 'me' } } },
}

const t = (name, fn) => {
  try {
    console.log(name, JSON.stringify(fn()))
  } catch (e) {
    console.log(name, 'THROW', String(e), e instanceof Error, e.name)
  }
}
const sorted = (o) =>
  Object.keys(o)
    .sort()
    .map((k) => `${k}=${o[k]}`)

export default function () {
  if (exec.vu.idInTest !== 1 || exec.vu.iterationInScenario !== 1) return
  t('env', () => __ENV.WHO)
  t('named', () => [vu.idInTest, scenario.name, typeof test.abort, typeof instance.vusActive])
  t('vu', () => [
    exec.vu.idInInstance,
    exec.vu.idInTest,
    exec.vu.iterationInInstance,
    exec.vu.iterationInScenario,
    __VU,
    __ITER,
  ])
  t('scenario', () => [
    exec.scenario.name,
    exec.scenario.executor,
    typeof exec.scenario.startTime,
    exec.scenario.progress >= 0,
  ])
  t('instance', () => [exec.instance.vusActive > 0, exec.instance.vusInitialized, exec.instance.iterationsInterrupted])
  t('tags', () => sorted(exec.vu.tags))
  t('metric tags', () => sorted(exec.vu.metrics.tags))
  t('metadata', () => sorted(exec.vu.metrics.metadata))
  t('set', () => {
    exec.vu.metrics.tags.foo = 'bar'
    exec.vu.tags['x'] = 1
    exec.vu.tags.b = true
    return sorted(exec.vu.tags)
  })
  t('delete', () => {
    delete exec.vu.metrics.tags.foo
    return sorted(exec.vu.tags)
  })
  t('set object', () => {
    exec.vu.metrics.tags.foo = {}
  })
  t('set all', () => {
    exec.vu.metrics.tags = { z: 'q' }
  })
  t('set name', () => {
    exec.scenario.name = 'other'
    return exec.scenario.name
  })
  t('option', () => exec.test.options.scenarios.one.vus)
  t('option paused', () => exec.test.options.paused)
  t('frozen', () => {
    exec.test.options.paused = true
  })
}
