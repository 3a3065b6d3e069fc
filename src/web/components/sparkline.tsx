/** The course of one value in the height of a line of text; gaps stay gaps. */
export function Sparkline({
  values,
  label,
}: {
  readonly values: readonly (number | null)[] | undefined
  readonly label: string
}) {
  const known = (values ?? []).filter((value) => value !== null)
  if (values === undefined || known.length === 0) return <span class="quiet">-</span>
  const most = Math.max(...known, 1e-9)
  const width = Math.max(1, values.length - 1)
  let path = ''
  let isPen = false
  values.forEach((value, i) => {
    if (value === null) {
      isPen = false
      return
    }
    path += `${isPen ? 'L' : 'M'}${((i / width) * 100).toFixed(1)} ${(20 - (value / most) * 18).toFixed(1)}`
    isPen = true
  })
  return (
    <svg class="spark" viewBox="0 0 100 22" preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={path} />
    </svg>
  )
}
