export interface FaultPair {
  readonly name: string
  readonly kind: string
  readonly place: RegExp
  readonly service: 'node' | 'python' | 'go'
  readonly also?: Readonly<Record<string, string>>
  readonly core?: boolean
}
export const pairs: readonly FaultPair[]
