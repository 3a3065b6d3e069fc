// known-difference: dynamic-import
const values = await import('./lib/values.js')
const k6 = await import('k6')
export default async function () {
  console.log(values.one, values.default, typeof k6.check)
  try {
    const again = await import('./lib/values.js')
    console.log('again', again === values)
  } catch (e) {
    console.log('THROW', String(e))
  }
}
