// args: --tag flag=yes --tag two=2
import exec from 'k6/execution'
export const options = {
  tags: { script: 'yes' },
  thresholds: { 'iterations{flag:yes}': ['count==1'], 'iterations{script:yes}': ['count==0'] },
}
export default function () {
  console.log(exec.vu.tags.flag, exec.vu.tags.two, exec.vu.tags.script)
}
