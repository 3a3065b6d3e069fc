// A rejection that nobody catches ends the iteration with an error line.
// args: --iterations 2
export default async function () {
  if (__ITER === 0) Promise.reject(new Error('lost'))
  await new Promise((resolve) => setTimeout(resolve, 5))
  console.log('reached', __ITER)
}
