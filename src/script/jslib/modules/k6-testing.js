// k6-testing 0.1 to 0.6: expect() in the manner of Playwright. A failed expectation aborts the test; a soft one
// marks it as failed or throws. Expectations of the browser's locators and pages are tried again until they hold.
export { colorize } from './k6-testing/print.js'
export { expect } from './k6-testing/expect.js'
