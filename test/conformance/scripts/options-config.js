// args: --config $SCRIPTS/lib/config.json
import exec from 'k6/execution'
export default function () {
  console.log(exec.vu.tags.from)
}
