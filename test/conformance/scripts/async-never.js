// A promise that nobody settles does not hold the iteration.
// args: --iterations 2
export default async function () {
  console.log('before', __ITER)
  await new Promise(() => {})
  console.log('never')
}
