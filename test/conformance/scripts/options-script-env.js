// args: -e WHO=flag -e EMPTY= -e EQ=a=b
// env: WHO=system FROM=system
if (__VU === 1) console.log(__ENV.WHO, JSON.stringify(__ENV.EMPTY), __ENV.EQ, __ENV.FROM, __ENV.ABSENT, typeof __ENV)
export default function () {
  __ENV.NEW = 'x'
  console.log(__ENV.NEW, __ENV.WHO)
}
