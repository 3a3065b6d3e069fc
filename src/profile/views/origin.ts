/** Whose code a frame is: what a person can change comes first, everything else is told apart from it. */
import type { Frame } from '../model.js'

export type Origin = 'own' | 'dependency' | 'runtime' | 'native' | 'gc' | 'idle'

const dependency = /(^|\/)(node_modules|site-packages|dist-packages|vendor)\/|\/pkg\/mod\//
const runtimeFile =
  /^node:|^internal\/|\/usr\/(local\/)?(lib\/python|go\/src\/)|\/lib\/python\d|\/go\/src\/(runtime|internal|syscall|net|sync|os|strings|bytes|encoding|fmt|reflect|time|io|bufio|math|sort|strconv|unicode|context|crypto|compress|hash|database|container|errors|log|path|regexp|text|html|mime|archive|slices|maps|iter|unique|cmp)\b/
const gc = /^\(garbage collector\)$|^runtime\.(gc|scan|mark|sweep|greyobject|wbBuf|bgsweep|bgscavenge)|^(gc_|_PyGC_)/
const idle = /^\(idle\)$/

export function originOf({ name, file }: Frame): Origin {
  if (idle.test(name)) return 'idle'
  if (gc.test(name)) return 'gc'
  if (dependency.test(file)) return 'dependency'
  if (runtimeFile.test(file) || name.startsWith('runtime.') || name === '(program)') return 'runtime'
  if (file === '') return name.startsWith('(') ? 'runtime' : 'native'
  return 'own'
}
