/** JavaScript's own functions, as far as values flow through them. */

/** Methods that call a function argument before they return; `argument` is its position. */
export const callbackMethods: Readonly<Record<string, number>> = {
  forEach: 0,
  map: 0,
  filter: 0,
  find: 0,
  findIndex: 0,
  findLast: 0,
  findLastIndex: 0,
  some: 0,
  every: 0,
  flatMap: 0,
  reduce: 0,
  reduceRight: 0,
  sort: 0,
  toSorted: 0,
  replace: 1,
  replaceAll: 1,
  each: 0,
}

/** Methods that call a function argument some time later, from the event loop. */
export const laterMethods: ReadonlySet<string> = new Set(['then', 'catch', 'finally', 'on', 'addEventListener', 'once'])

/** Methods that put their arguments into the receiver. */
export const storingMethods: ReadonlySet<string> = new Set([
  'push',
  'unshift',
  'splice',
  'fill',
  'set',
  'add',
  'concat',
  'with',
  'toSpliced',
])

/** Methods that answer an element of the receiver. */
export const elementMethods: ReadonlySet<string> = new Set([
  'pop',
  'shift',
  'find',
  'findLast',
  'at',
  'get',
  'reduce',
  'reduceRight',
])

/** Methods that answer the receiver itself. */
export const selfMethods: ReadonlySet<string> = new Set(['sort', 'reverse', 'fill', 'set', 'add', 'copyWithin', 'each'])

/** Methods that answer a new container of the receiver's elements. */
export const containerMethods: ReadonlySet<string> = new Set([
  'map',
  'filter',
  'slice',
  'splice',
  'concat',
  'flat',
  'flatMap',
  'entries',
  'values',
  'keys',
  'toSorted',
  'toReversed',
  'toSpliced',
  'with',
  'next',
  'return',
  'matchAll',
])

/** Intrinsics that exist in every realm and that scripts use directly. */
export const intrinsics: ReadonlySet<string> = new Set([
  'Object',
  'Function',
  'Array',
  'Number',
  'parseFloat',
  'parseInt',
  'Infinity',
  'NaN',
  'undefined',
  'Boolean',
  'String',
  'Symbol',
  'Date',
  'Promise',
  'RegExp',
  'Error',
  'AggregateError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'JSON',
  'Math',
  'ArrayBuffer',
  'Uint8Array',
  'Int8Array',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'Uint8ClampedArray',
  'BigUint64Array',
  'BigInt64Array',
  'DataView',
  'Map',
  'BigInt',
  'Set',
  'WeakMap',
  'WeakSet',
  'Proxy',
  'Reflect',
  'decodeURI',
  'decodeURIComponent',
  'encodeURI',
  'encodeURIComponent',
  'escape',
  'unescape',
  'isFinite',
  'isNaN',
  'eval',
  'GoError',
])

/** Names under which a script reaches its global object. */
export const globalNames: ReadonlySet<string> = new Set(['globalThis', 'global', 'self', 'window'])
