/** In CI property tests draw the same cases every time, so that a red run means a change and can be repeated; elsewhere at random. */
if (process.env['CI'] !== undefined) {
  const { default: fc } = await import('fast-check')
  fc.configureGlobal({ seed: 20261122 })
}
