import ws from 'k6/ws'

// Of a script's several init runs only the VU's is looked at.
if (__VU > 0) {
  try {
    ws.connect(__ENV.BASE_URL.replace(/^http/, 'ws'), () => {})
  } catch (e) {
    console.log('init', String(e))
  }
}

export default function () {}
