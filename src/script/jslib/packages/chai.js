// chai 4: what k6chaijs builds upon.
export { Assertion, AssertionError, assert, config, default, expect, should, util } from 'chai4'
