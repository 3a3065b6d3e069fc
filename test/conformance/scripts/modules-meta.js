if (__VU === 1) console.log(import.meta.resolve('./lib/values.js').endsWith('/lib/values.js'), typeof import.meta)
export default function () {}
