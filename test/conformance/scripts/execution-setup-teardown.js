// What k6/execution says outside of VU code.
import exec from 'k6/execution'
const t = (name, fn) => {
  try {
    console.log(name, JSON.stringify(fn()))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
const all = (where) => {
  t(`${where} scenario`, () => exec.scenario.name)
  t(`${where} vu`, () => exec.vu.idInTest)
  t(`${where} iteration`, () => exec.vu.iterationInScenario)
  t(`${where} instance`, () => exec.instance.iterationsCompleted)
  t(`${where} tags`, () => exec.vu.tags.group)
  t(`${where} __VU`, () => [__VU, typeof __ITER])
}
export function setup() {
  all('setup')
}
export default function () {}
export function teardown() {
  all('teardown')
}
export function handleSummary() {
  all('summary')
  return {}
}
