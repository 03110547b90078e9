/** The settings of `pushless operator`: those of the store, of the policy for fetches and builds, and of the log. */
import type { SettingName } from '../../settings/setting-table.ts'
import { INSPECT } from '../setting-options.ts'

export const OPERATOR_SETTINGS: readonly SettingName[] = [
  ...INSPECT.filter((name) => name !== 'PUSHLESS_SERVE_PACKAGES'),
  'PUSHLESS_ALLOW_BUILDS',
  'PUSHLESS_DENY_FETCHES',
  'PUSHLESS_ALLOW_NAMES',
  'PUSHLESS_DENY_NAMES',
  'PUSHLESS_SYSTEMS',
  'PUSHLESS_LOG_LEVEL',
  'PUSHLESS_LOG_FORMAT',
]
