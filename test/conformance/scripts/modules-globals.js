// Globals that k6 has and those it has not.
// k6: 2
export default function () {
  for (const name of ['URL', 'URLSearchParams', 'fetch', 'Buffer', 'process', 'structuredClone', 'AbortController', 'queueMicrotask', 'Intl', 'WeakRef', 'performance', 'window', 'self', 'global', 'globalThis', 'TextEncoder', 'crypto', 'btoa', 'Headers', 'Blob', 'WebSocket', 'open', 'console', 'setTimeout', 'setImmediate', 'Proxy', 'Reflect', 'WeakMap', 'Symbol', 'BigInt', 'SharedArrayBuffer', 'Atomics', 'eval', 'Function', 'FinalizationRegistry', 'escape', 'AggregateError'])
    console.log(name, eval(`typeof ${name}`))
}
