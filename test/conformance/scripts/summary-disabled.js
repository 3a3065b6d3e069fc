// known-difference: summary-export
// args: --summary-mode disabled
// stdout
export default function () {}
