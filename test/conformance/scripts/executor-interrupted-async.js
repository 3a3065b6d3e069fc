// ignore: vus, vus_max
export const options = { scenarios: { c: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s' } } }
export default async function () {
  await new Promise((resolve) => setTimeout(resolve, 10000))
  console.log('never')
}
