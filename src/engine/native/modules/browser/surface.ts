/**
 * Which members k6's browser objects have, and what each answers. Everything that the table does not name is not there,
 * as in k6. Source: grafana.com/docs/k6, "k6/browser"; lists compared with `Object.keys` of k6 1.8's objects.
 *
 * An entry is `name`, or `name>Kind` when it answers an object of that kind, `name>Kind[]` for a list of them.
 */

export type Kind =
  | 'Page'
  | 'Frame'
  | 'Locator'
  | 'FrameLocator'
  | 'ElementHandle'
  | 'JSHandle'
  | 'BrowserContext'
  | 'Request'
  | 'Response'
  | 'Route'
  | 'ConsoleMessage'
  | 'Keyboard'
  | 'Mouse'
  | 'Touchscreen'
  | 'Worker'

export interface Member {
  readonly name: string
  readonly returns: Kind | undefined
  readonly list: boolean
}

export interface Surface {
  /** Answer promises. */
  readonly promises: readonly Member[]
  /** Answer at once. */
  readonly values: readonly Member[]
  /** Objects that hang on the object. */
  readonly properties: readonly Member[]
}

const finders =
  'frameLocator>FrameLocator getByAltText>Locator getByLabel>Locator getByPlaceholder>Locator getByRole>Locator ' +
  'getByTestId>Locator getByText>Locator getByTitle>Locator locator>Locator'

const actions =
  'check click dblclick dispatchEvent fill focus getAttribute hover innerHTML innerText inputValue isChecked isDisabled ' +
  'isEditable isEnabled isHidden isVisible press selectOption setChecked tap textContent type uncheck'

const inFrame =
  `${actions} $>ElementHandle $$>ElementHandle[] content evaluate evaluateHandle>JSHandle goto>Response setContent ` +
  'setInputFiles title waitForFunction>JSHandle waitForLoadState waitForNavigation>Response waitForSelector>ElementHandle ' +
  'waitForTimeout waitForURL'

const handle = 'dispose evaluate evaluateHandle>JSHandle getProperties jsonValue'
const message = 'allHeaders headerValue headersArray'

export const surfaces: Readonly<Record<Kind, Surface>> = {
  Page: surface(
    `${inFrame} bringToFront emulateMedia goBack>Response goForward>Response opener>Page reload>Response screenshot ` +
      'setExtraHTTPHeaders setViewportSize waitForRequest>Request waitForResponse>Response',
    `${finders} context>BrowserContext frames>Frame[] isClosed mainFrame>Frame setDefaultNavigationTimeout ` +
      'setDefaultTimeout url viewportSize workers>Worker[]',
    'keyboard>Keyboard mouse>Mouse touchscreen>Touchscreen',
  ),
  Frame: surface(
    `${inFrame} frameElement>ElementHandle`,
    `${finders} childFrames>Frame[] isDetached name page>Page parentFrame>Frame url`,
  ),
  Locator: surface(
    `${actions} all>Locator[] boundingBox clear count evaluate evaluateHandle>JSHandle pressSequentially waitFor`,
    `${finders} contentFrame>FrameLocator filter>Locator first>Locator last>Locator nth>Locator`,
  ),
  FrameLocator: surface('', finders),
  ElementHandle: surface(
    `${actions} ${handle} $>ElementHandle $$>ElementHandle[] boundingBox contentFrame>Frame ownerFrame>Frame screenshot ` +
      'scrollIntoViewIfNeeded selectText setInputFiles waitForElementState waitForSelector>ElementHandle',
    'asElement>ElementHandle',
  ),
  JSHandle: surface(handle, 'asElement>ElementHandle'),
  BrowserContext: surface(
    'addCookies clearCookies clearPermissions close cookies grantPermissions newPage>Page setGeolocation ' +
      'setHTTPCredentials setOffline',
    'pages>Page[] setDefaultNavigationTimeout setDefaultTimeout',
  ),
  Request: surface(
    `${message} response>Response`,
    'frame>Frame headers isNavigationRequest method postData postDataBuffer timing url failure',
  ),
  Response: surface(
    `${message} body headerValues json securityDetails serverAddr text`,
    'frame>Frame headers ok request>Request status statusText url',
  ),
  Route: surface('abort continue fulfill', 'request>Request'),
  ConsoleMessage: surface('', 'args>JSHandle[] page>Page text type'),
  Keyboard: surface('down insertText press type up', ''),
  Mouse: surface('click dblclick down move up', ''),
  Touchscreen: surface('tap', ''),
  Worker: surface('', 'url'),
}

/** Functions among the first argument of these run in the page. */
export const evaluating: ReadonlySet<string> = new Set(['evaluate', 'evaluateHandle', 'waitForFunction'])

function surface(promises: string, values: string, properties = ''): Surface {
  return { promises: members(promises), values: members(values), properties: members(properties) }
}

function members(text: string): Member[] {
  return text
    .split(' ')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [name = '', returns] = entry.split('>')
      return { name, returns: returns?.replace('[]', '') as Kind | undefined, list: returns?.endsWith('[]') === true }
    })
}
