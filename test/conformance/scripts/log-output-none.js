// args: --log-output none
export default function () {
  console.log('nobody hears')
}
