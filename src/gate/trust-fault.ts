/** Something that speaks against a run's numbers: `bad` makes them not trustworthy, `doubt` doubtful. */
export interface TrustFault {
  readonly weight: 'bad' | 'doubt'
  /** A full sentence that says how to mend it. */
  readonly text: string
}

export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`
}
