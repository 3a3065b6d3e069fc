/** Colour, only when told: `paint` is true on a terminal without NO_COLOR. */
export type Paint = boolean

const wrap =
  (open: number, close: number) =>
  (paint: Paint, text: string): string =>
    paint ? `\x1b[${open}m${text}\x1b[${close}m` : text

export const bold: (paint: Paint, text: string) => string = wrap(1, 22)
export const dim: (paint: Paint, text: string) => string = wrap(2, 22)
export const red: (paint: Paint, text: string) => string = wrap(31, 39)
export const green: (paint: Paint, text: string) => string = wrap(32, 39)
export const yellow: (paint: Paint, text: string) => string = wrap(33, 39)
export const cyan: (paint: Paint, text: string) => string = wrap(36, 39)
