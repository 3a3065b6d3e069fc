// SharedArray: made once, read by all VUs, frozen copies, array methods.
// args: --vus 2 --iterations 2
import { SharedArray } from 'k6/data'
import exec from 'k6/execution'
const users = new SharedArray('users', () => JSON.parse(open('./lib/users.json')))
const t = (name, fn) => {
  try {
    console.log(name, JSON.stringify(fn()))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
if (__VU === 1) {
  t('no name', () => new SharedArray('', () => []))
  t('no function', () => new SharedArray('x'))
  t('not array', () => new SharedArray('y', () => ({})))
  t(
    'throws',
    () =>
      new SharedArray('z', () => {
        throw new Error('inside')
      }),
  )
  t('not function', () => new SharedArray('f', []))
}
export default function () {
  if (exec.scenario.iterationInTest !== 0) return
  t('length', () => users.length)
  t('row', () => users[0])
  t('absent', () => users[5])
  t('assign', () => {
    users[0] = 1
  })
  t('assign row', () => {
    users[0].name = 'x'
    return users[0].name
  })
  t('push', () => users.push(1))
  t('iterate', () => {
    const names = []
    for (const u of users) names.push(u.name)
    return names
  })
  t('map', () => users.map((u) => u.id))
  t('forEach', () => {
    let n = 0
    users.forEach((u) => {
      n += u.id
    })
    return n
  })
  t('find', () => users.find((u) => u.id === 2))
  t('filter', () => users.filter((u) => u.id > 1).length)
  t('array', () => [Array.isArray(users), typeof users, users instanceof Array])
  t('keys', () => Object.keys(users))
  t('json', () => users)
  t('spread', () => [...users].length)
  t('in', () => [0 in users, 5 in users, users.hasOwnProperty('length')])
  t('late', () => new SharedArray('late', () => []))
}
