// ordered
import { sleep } from 'k6'
import { setTimeout as later } from 'k6/timers'
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
export default async function () {
  console.log('a')
  later(() => console.log('timer'), 5)
  await wait(20)
  console.log('b')
  sleep(0.01)
  await Promise.all([wait(5).then(() => console.log('x')), wait(10).then(() => console.log('y'))])
  console.log(await Promise.race([wait(50).then(() => 'slow'), wait(1).then(() => 'fast')]))
  try {
    await Promise.reject(new Error('rejected'))
  } catch (e) {
    console.log('caught', e.message)
  }
  const r = await Promise.allSettled([Promise.resolve(1), Promise.reject(2)])
  console.log(JSON.stringify(r))
}
