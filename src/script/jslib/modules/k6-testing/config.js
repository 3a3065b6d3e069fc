const defaults = {
  timeout: 5000,
  interval: 100,
  soft: false,
  softMode: 'fail',
  colorize: true,
  display: 'pretty',
}

/** What the script sets stands above the defaults, the environment above both. */
export function loadConfig(explicit) {
  return { ...defaults, ...explicit, ...fromEnvironment() }
}

function fromEnvironment() {
  const config = {}
  if (__ENV.K6_TESTING_COLORIZE !== undefined) config.colorize = __ENV.K6_TESTING_COLORIZE.toLowerCase() !== 'false'
  if (__ENV.K6_TESTING_DISPLAY !== undefined) config.display = oneOf('K6_TESTING_DISPLAY', ['inline', 'pretty'])
  if (__ENV.K6_TESTING_TIMEOUT !== undefined) config.timeout = milliseconds('K6_TESTING_TIMEOUT')
  if (__ENV.K6_TESTING_INTERVAL !== undefined) config.interval = milliseconds('K6_TESTING_INTERVAL')
  if (__ENV.K6_TESTING_SOFT_MODE !== undefined) config.softMode = oneOf('K6_TESTING_SOFT_MODE', ['throw', 'fail'])
  return config
}

function oneOf(key, allowed) {
  const value = __ENV[key].toLowerCase()
  if (!allowed.includes(value)) throw new Error(`Invalid value for ${key}. Must be one of: ${allowed.join(', ')}`)
  return value
}

function milliseconds(key) {
  const text = __ENV[key]
  const value = Number(text)
  if (text === '') throw new Error(`Environment variable ${key} is not set`)
  if (!Number.isFinite(value)) throw new Error(`Environment variable ${key} must be a valid number, got: ${text}`)
  if (value < 0) throw new Error(`Environment variable ${key} must be a non-negative number, got: ${text}`)
  return value
}
