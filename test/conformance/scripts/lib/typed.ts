export interface Item {
  id: number
  name?: string
}
export function label(item: Item): string {
  return `${item.id}:${item.name ?? 'none'}`
}
export enum Kind {
  Small = 1,
  Large,
}
