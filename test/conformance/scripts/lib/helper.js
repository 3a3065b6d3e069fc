import http from 'k6/http'
export const name = 'helper'
export default function fetchStatus(path) {
  return http.get(`${__ENV.BASE_URL}${path}`).status
}
export function twice(path) {
  return [fetchStatus(path), fetchStatus(path)]
}
export let counter = 0
export function increment() {
  return ++counter
}
