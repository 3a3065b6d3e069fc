// args: --iterations 2
const t = (name, fn) => {
  try {
    console.log(name, typeof fn())
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
export default function () {
  t('none', () => setTimeout())
  t('text', () => setTimeout('x', 1))
  t('negative', () => setTimeout(() => {}, -5))
  t('args', () => setTimeout((a, b) => console.log('args', a, b), 1, 'x', 2))
  t('clear none', () => clearTimeout())
  t('clear odd', () => clearInterval(999))
  if (__ITER === 0)
    setTimeout(() => {
      throw new Error('in timer')
    }, 1)
}
