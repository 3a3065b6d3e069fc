// args: --config $SCRIPTS/lib/config-bad.json
// ignore-log: .
export default function () {}
