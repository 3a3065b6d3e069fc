// Order of timers, microtasks and the end of the iteration.
// args: --iterations 2
// ordered
export default function () {
  console.log('start', __ITER)
  setTimeout(() => console.log('t10'), 10)
  setTimeout(() => console.log('t0'), 0)
  setTimeout(() => {
    console.log('t5')
    Promise.resolve().then(() => console.log('micro in t5'))
  }, 5)
  Promise.resolve()
    .then(() => console.log('micro 1'))
    .then(() => console.log('micro 2'))
  let n = 0
  const id = setInterval(() => {
    console.log('interval', ++n)
    if (n === 3) clearInterval(id)
  }, 25)
  const gone = setTimeout(() => console.log('never'), 1)
  clearTimeout(gone)
  console.log('end')
}
