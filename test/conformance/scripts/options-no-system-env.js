// args: --include-system-env-vars=false -e A=1
// env: FROM=system
export default function () {
  console.log(__ENV.FROM, __ENV.A)
}
