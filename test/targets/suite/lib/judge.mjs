// What a pair's two runs say about the diagnosis.

/**
 * @returns {{ found: boolean, why: string, right: object[], wrong: { side: string, finding: object }[] }}
 *   `right` and `wrong` are all findings above `info` of both sides
 */
export function judge(pair, faulty, healthy) {
  const loud = (side) => side.findings.filter((finding) => finding.severity !== 'info')
  const named = (finding) => finding.kind === pair.kind && pair.place.test(JSON.stringify(finding.where))
  const implied = (finding) => finding.kind === pair.kind || pair.also?.[finding.kind] !== undefined
  const found = loud(faulty).some(named)
  const right = loud(faulty).filter(implied)
  const wrong = [
    ...loud(faulty)
      .filter((finding) => !implied(finding))
      .map((finding) => ({ side: 'faulty', finding })),
    ...loud(healthy).map((finding) => ({ side: 'healthy', finding })),
  ]
  return { found, why: found ? '' : whyNot(pair, faulty), right, wrong }
}

function whyNot(pair, faulty) {
  if (faulty.error !== undefined) return faulty.error
  const ofKind = faulty.findings.filter((finding) => finding.kind === pair.kind)
  if (ofKind.length === 0) {
    const others = faulty.findings.map((finding) => finding.kind).join(', ')
    return `no ${pair.kind}${others === '' ? '' : `, but ${others}`}`
  }
  if (ofKind.every((finding) => finding.severity === 'info')) return `${pair.kind} only as info`
  return `${pair.kind} at another place: ${ofKind.map((finding) => JSON.stringify(finding.where)).join(' ')}`
}
