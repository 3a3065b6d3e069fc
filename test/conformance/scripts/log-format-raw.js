// args: --log-format raw
export default function () {
  console.log('raw', { a: 1 })
  console.warn('warn')
  throw new Error('raw error')
}
