// args: --console-output $WORK/console.txt
// file: console.txt
// mask: time="[^"]*"
export default function () {
  console.log('to file')
  console.error('also', { a: 1 })
}
