// args: --config $SCRIPTS/lib/config-broken.json
// ignore-log: .
export default function () {}
