/** Runs over months. */
export { defaultHistory, type HistoryOptions, type Lineage, lineagesOf } from './changes.js'
export { addToHistory, historyFile, readHistory } from './store.js'
export { historyPage, historyText } from './text.js'
