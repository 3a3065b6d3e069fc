// args: --config $SCRIPTS/lib/config.json
export const options = { iterations: 2, vus: 1, tags: { from: 'script' } }
import exec from 'k6/execution'
export default function () {
  console.log(exec.vu.tags.from)
}
