/**
 * Helpers that the compiled factory carries, as source text, because they must run in the script's own realm: what they
 * make (arrays, promises, errors) has to be of the same classes as the script's. Only those that a script needs are put in.
 */

/** Names as the transform uses them; each value is a `const` of the factory. */
export interface HelperSources {
  readonly [name: string]: { readonly needs: readonly string[]; readonly source: string }
}

export const helperSources: HelperSources = {
  // A value that is a promise of the person's own, in a box that `await` does not open.
  $Box: { needs: [], source: `const $Box = class { constructor(value) { this.value = value } }` },
  $box: {
    needs: ['$Box'],
    source: `const $box = (v) => (v !== null && (typeof v === 'object' || typeof v === 'function') && typeof v.then === 'function' ? new $Box(v) : v)`,
  },
  $unbox: { needs: ['$Box'], source: `const $unbox = (v) => (v instanceof $Box ? v.value : v)` },
  $thrown: {
    needs: [],
    source: `const $thrown = (v) => { if (!(v instanceof Error) && $pw.thrown !== undefined && !$pw.isInterrupt(v)) $pw.thrown(v, new Error()); return v }`,
  },
  // What a name that nobody declared reads as; k6's words.
  $undeclared: {
    needs: [],
    source: `const $undeclared = (name) => { throw new ReferenceError(name + ' is not defined') }`,
  },
  $assigned: {
    needs: [],
    source: `const $assigned = (name) => { if (!(name in $g)) throw new ReferenceError(name + ' is not defined'); return name }`,
  },
  $opener: {
    needs: [],
    source: `const $opener = (url) => function open(path, mode) { return $pw.open(path, mode, url) }`,
  },
  $require: {
    needs: [],
    // Ready once the init context has run; k6's words after that.
    source: `let $ready = false; const $require = (name) => {
  if ($ready) throw new $g.GoError('the "require" function is only available in the init stage (i.e. the global scope), see https://grafana.com/docs/k6/latest/using-k6/test-lifecycle/ for more information')
  if (name === 'k6' || String(name).startsWith('k6/')) return $pw.module(String(name))
  throw new $g.GoError('The moduleSpecifier ' + JSON.stringify(String(name)) + ' cannot be found while the script runs; it must stand in the source as a string')
}`,
  },
  // Functions that this compiler made async: their source text starts with the marker.
  $ours: {
    needs: [],
    source: `const $ours = ((text, prototypeOf, asyncPrototype) => (f) => prototypeOf(f) === asyncPrototype && text.call(f).startsWith('async/*pw*/'))(Function.prototype.toString, Object.getPrototypeOf, Object.getPrototypeOf(async () => {}))`,
  },
  $native: {
    needs: [],
    source: `const $native = ((text) => (f) => typeof f === 'function' && text.call(f).endsWith('{ [native code] }'))(Function.prototype.toString)`,
  },
  // Calls what is only known now: awaited when it blocks, left alone when it answers the person's own promise.
  $dynamic: {
    needs: ['$box', '$ours', '$blocking', '$native'],
    source: `const $dynamic = (self, f, args) => {
  if (typeof f === 'function' && $native(f) && (f.name === 'call' || f.name === 'apply') && typeof self === 'function') {
    const inner = self
    return f.name === 'call' ? $dynamic(args[0], inner, args.slice(1)) : $dynamic(args[0], inner, args[1] ?? [])
  }
  const result = Reflect.apply(f, self, args)
  if (typeof f === 'function' && ($ours(f) || $blocking(f))) return result
  return String(f.name).startsWith('bound ') ? result : $box(result)
}`,
  },
  // Where nothing can be awaited: a call that turns out to block is an error, not a promise in place of its value.
  $guard: {
    needs: ['$ours', '$blocking'],
    source: `const $guard = (self, f, args, where) => {
  if (typeof f === 'function' && ($ours(f) || $blocking(f))) throw new Error('PW_SCRIPT_CANNOT_AWAIT: a call at ' + where + ' blocks inside a constructor, getter, setter, generator or field, where it cannot be awaited; move it out, or run the script with --engine k6')
  return Reflect.apply(f, self, args)
}`,
  },
  $guardNew: { needs: [], source: `const $guardNew = (f, args) => Reflect.construct(f, args)` },
  // Natives that call functions which block, by name, for any receiver for which the native itself would work.
  $twin: {
    needs: ['$unbox', '$native', '$dynamic', '$twins', '$kind'],
    source: `const $twin = async (self, f, args) => {
  if ($native(f)) {
    if ((f.name === 'call' || f.name === 'apply') && typeof self === 'function') {
      return f.name === 'call' ? $twin(args[0], self, args.slice(1)) : $twin(args[0], self, Array.from(args[1] ?? []))
    }
    const twin = $twins[f.name]
    if (twin !== undefined) return twin(self, f, args)
  } else if (typeof f === 'function' && typeof self === 'object' && self !== null && typeof self.toArray === 'function' && typeof self.size === 'function') {
    if (f.name === 'each') return $twins.each(self, f, args)
    if (f.name === 'map') return $twins.mapSelection(self, f, args)
  }
  return $dynamic(self, f, args)
}`,
  },
  $kind: { needs: [], source: `const $kind = ((tag) => (v) => tag.call(v).slice(8, -1))(Object.prototype.toString)` },
  // Each keeps the order of the specification's own steps: https://tc39.es/ecma262/, "Array.prototype.forEach" and so on.
  $twins: {
    needs: ['$unbox', '$kind'],
    source: `const $twins = (() => {
  const callable = (f) => { if (typeof f !== 'function') throw new TypeError(String(f) + ' is not a function') }
  const call = async (f, self, a, b, c) => $unbox(await f.call(self, a, b, c))
  const list = (self, f) => { callable(f); return Object(self) }
  const size = (o) => { const n = Math.trunc(Number(o.length)); return n > 0 ? n : 0 }
  const walk = (visit) => async (self, native, [f, that]) => {
    const o = list(self, f)
    const n = size(o)
    const state = visit.begin?.(o, native) ?? {}
    for (let i = 0; i < n; i++) {
      if (!visit.holes && !(i in o)) continue
      const v = o[i]
      const r = await call(f, that, v, i, o)
      const end = visit.step?.(r, v, i, state)
      if (end !== undefined) return end.value
    }
    return visit.end?.(state)
  }
  const back = (visit) => async (self, native, [f, that]) => {
    const o = list(self, f)
    for (let i = size(o) - 1; i >= 0; i--) {
      const v = o[i]
      if (await call(f, that, v, i, o)) return visit(v, i)
    }
    return visit(undefined, -1)
  }
  // Made by the native itself, so that species and typed arrays come out as they should.
  const sameLength = (o, native) => ({ out: native.call(o, () => (ArrayBuffer.isView(o) ? 0 : undefined)) })
  const fold = (backwards) => async (self, native, args) => {
    const o = list(self, args[0])
    const n = size(o)
    const f = args[0]
    let i = backwards ? n - 1 : 0
    const step = backwards ? -1 : 1
    let carried
    if (args.length > 1) carried = args[1]
    else {
      while (i >= 0 && i < n && !(i in o)) i += step
      if (i < 0 || i >= n) throw new TypeError('Reduce of empty array with no initial value')
      carried = o[i]
      i += step
    }
    for (; i >= 0 && i < n; i += step) if (i in o) carried = $unbox(await f(carried, o[i], i, o))
    return carried
  }
  const mergeSort = async (values, compare) => {
    if (values.length < 2) return values
    const middle = values.length >> 1
    const left = await mergeSort(values.slice(0, middle), compare)
    const right = await mergeSort(values.slice(middle), compare)
    const out = []
    let i = 0
    let j = 0
    while (i < left.length && j < right.length) out.push(Number(await compare(left[i], right[j])) > 0 ? right[j++] : left[i++])
    while (i < left.length) out.push(left[i++])
    while (j < right.length) out.push(right[j++])
    return out
  }
  const sorted = async (o, compare) => {
    const present = []
    let undefinedCount = 0
    for (let i = 0; i < size(o); i++) {
      if (!(i in o)) continue
      if (o[i] === undefined) undefinedCount++
      else present.push(o[i])
    }
    const values = await mergeSort(present, compare)
    while (undefinedCount-- > 0) values.push(undefined)
    return values
  }
  const replace = (all) => async (self, native, args) => {
    const [pattern, f] = args
    if (typeof f !== 'function') return native.apply(self, args)
    const found = []
    // The native finds the matches; their replacements are computed in order afterwards, as it would compute them.
    native.call(self, pattern, (...match) => { found.push(match); return '' })
    const text = String(self)
    let out = ''
    let at = 0
    for (const match of found) {
      const offset = match[typeof match[match.length - 1] === 'object' ? match.length - 3 : match.length - 2]
      out += text.slice(at, offset) + String($unbox(await f(...match)))
      at = offset + match[0].length
    }
    return out + text.slice(at)
  }
  return {
    __proto__: null,
    forEach: async (self, native, args) => {
      const kind = $kind(self)
      if (kind === 'Map' || kind === 'Set') {
        callable(args[0])
        // The collection's own iterator sees what the callback adds, as forEach does.
        for (const [key, value] of kind === 'Map' ? Map.prototype.entries.call(self) : Set.prototype.entries.call(self)) await call(args[0], args[1], value, key, self)
        return undefined
      }
      return walk({})(self, native, args)
    },
    map: walk({ begin: sameLength, step: (r, v, i, s) => { s.out[i] = r }, end: (s) => s.out }),
    filter: walk({ begin: (o, native) => ({ keep: [], o, native }), step: (r, v, i, s) => { if (r) s.keep.push(v) }, end: (s) => {
      if (!ArrayBuffer.isView(s.o)) return s.keep
      return s.o.constructor.from(s.keep)
    } }),
    find: walk({ holes: true, step: (r, v) => (r ? { value: v } : undefined) }),
    findIndex: walk({ holes: true, step: (r, v, i) => (r ? { value: i } : undefined), end: () => -1 }),
    findLast: back((v) => v),
    findLastIndex: back((v, i) => i),
    some: walk({ step: (r) => (r ? { value: true } : undefined), end: () => false }),
    every: walk({ step: (r) => (r ? undefined : { value: false }), end: () => true }),
    flatMap: walk({ begin: () => ({ out: [] }), step: (r, v, i, s) => { if (Array.isArray(r)) { for (let k = 0; k < r.length; k++) if (k in r) s.out.push(r[k]) } else s.out.push(r) }, end: (s) => s.out }),
    reduce: fold(false),
    reduceRight: fold(true),
    sort: async (self, native, [compare]) => {
      if (compare === undefined) return native.call(self)
      callable(compare)
      const values = await sorted(self, compare)
      for (let i = 0; i < values.length; i++) self[i] = values[i]
      for (let i = values.length, n = size(self); i < n; i++) delete self[i]
      return self
    },
    toSorted: async (self, native, [compare]) => (compare === undefined ? native.call(self) : sorted(Array.from(self), compare)),
    replace: replace(false),
    replaceAll: replace(true),
    from: async (self, native, [source, f, that]) => {
      if (f === undefined) return native.call(self, source)
      callable(f)
      const out = []
      let i = 0
      if (source !== null && source !== undefined && typeof source[Symbol.iterator] === 'function') for (const v of source) out.push(await call(f, that, v, i++))
      else for (const n = size(Object(source)); i < n; i++) out.push(await call(f, that, source[i], i))
      return native.call(self, out)
    },
    parse: async (self, native, [text, f]) => {
      const value = native.call(self, text)
      if (typeof f !== 'function') return value
      const revive = async (holder, key) => {
        const v = holder[key]
        if (typeof v === 'object' && v !== null) {
          for (const k of Object.keys(v)) {
            const r = await revive(v, k)
            if (r === undefined) delete v[k]
            else v[k] = r
          }
        }
        return $unbox(await f.call(holder, key, v))
      }
      return revive({ '': value }, '')
    },
    each: async (self, native, [f]) => {
      const n = self.size()
      for (let i = 0; i < n; i++) await call(f, undefined, i, self.get(i))
      return self
    },
    mapSelection: async (self, native, [f]) => {
      const out = []
      const parts = self.toArray()
      for (let i = 0; i < parts.length; i++) out.push(await call(f, undefined, i, parts[i]))
      return out
    },
  }
})()`,
  },
  // The bundler's wrappers of modules that run when they are first asked for, for module bodies that block.
  $lazyCommonJs: {
    needs: [],
    source: `const $lazyCommonJs = (parts) => {
  let module
  return async/*pw*/ function () {
    if (module === undefined) {
      module = { exports: {} }
      await parts[Object.keys(parts)[0]](module.exports, module)
    }
    return module.exports
  }
}`,
  },
  $lazyEsm: {
    needs: [],
    source: `const $lazyEsm = (parts) => {
  let ran = false
  return async/*pw*/ function () {
    if (ran) return
    ran = true
    await parts[Object.keys(parts)[0]]()
  }
}`,
  },
  $newPromise: {
    needs: ['$Box'],
    source: `const $newPromise = async (executor) => {
  if (typeof executor !== 'function') return new $Box(new Promise(executor))
  let settle
  const promise = new Promise((resolve, reject) => { settle = { resolve, reject } })
  try { await executor(settle.resolve, settle.reject) } catch (e) { if ($pw.isInterrupt(e)) throw e; settle.reject(e) }
  return new $Box(promise)
}`,
  },
}
