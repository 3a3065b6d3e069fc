// args: --min-iteration-duration 300ms --iterations 2
const start = Date.now()
export default function () {
  if (__ITER === 1) console.log('after the minimum', Date.now() - start >= 290)
}
