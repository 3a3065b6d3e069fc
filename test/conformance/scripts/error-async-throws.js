export const options = { iterations: 3 }
export default async function () {
  if (__ITER === 0) throw new Error('async plain')
  if (__ITER === 1) await Promise.reject(new Error('awaited'))
  Promise.reject(new Error('unhandled'))
}
