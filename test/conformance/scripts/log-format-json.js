// args: --log-format json
// mask: "time":"[^"]*"
// ignore-log: script exception
export default function () {
  console.log('json', { a: 1 })
  console.warn('warn "quoted"')
}
