export { twice as both, name } from './helper.js'
export * from './values.js'
export const text = open('./text.txt').trim()
