// known-difference: compatibility-mode
// args: --compatibility-mode base
export default function () {
  console.log(typeof global, typeof globalThis)
}
