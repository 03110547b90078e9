/** The settings of a Pod, from flags of `pushless install`. */
import { readSettings } from '../../settings/read-settings.ts'
import { PREFIX, SETTING_FACTS } from '../../settings/setting-facts.ts'
import type { SettingName } from '../../settings/setting-table.ts'
import { UsageError } from '../usage-error.ts'

/** Values of settings, by the names of their variables. */
export type PodSettings = Readonly<Record<string, string>>

/** Reads `--caches` and `--trusted-keys`. @throws UsageError for a cache in a directory. */
export function cacheSettings({
  caches,
  trustedKeys,
}: {
  readonly caches?: readonly string[]
  readonly trustedKeys?: readonly string[]
}): PodSettings {
  for (const cache of caches ?? [])
    if (cache.startsWith('file:'))
      throw new UsageError(
        `--caches: a Pod has no directory of yours, expected https:// or s3://, not ${cache}`,
      )
  return {
    ...(caches === undefined ? {} : { PUSHLESS_CACHES: caches.join(' ') }),
    ...(trustedKeys === undefined ? {} : { PUSHLESS_TRUSTED_KEYS: trustedKeys.join(' ') }),
  }
}

/**
 * Reads `--setting`, such as `hold=25` for PUSHLESS_HOLD. @param decided settings that other options or the variant decide.
 * @param known the settings that the command in the Pod has. Default: all.
 * @throws UsageError.
 */
export function furtherSettings(
  given: readonly string[],
  decided: ReadonlySet<string>,
  known: readonly SettingName[] = SETTING_FACTS.map(({ name }) => name),
): PodSettings {
  return Object.fromEntries(
    given.map((text) => {
      const [, name = '', value = ''] = /^(?:--)?([a-z0-9-]+)=(.*)$/s.exec(text) ?? []
      const variable = `${PREFIX}${name.toUpperCase().replaceAll('-', '_')}`
      if (name === '' || !known.some((one) => one === variable))
        throw new UsageError(`--setting ${text}: expected NAME=VALUE, with a name of docs/settings.md`)
      if (decided.has(variable))
        throw new UsageError(`--setting ${text}: another option of this command decides it, or the variant`)
      return [variable, value]
    }),
  )
}

/** Reads the settings as pushless in its Pod will read them. @throws SettingsError. */
export function checkSettings(settings: PodSettings, storeMegabytes: number | undefined): void {
  readSettings(
    {
      ...settings,
      PUSHLESS_STATE: '/var/lib/pushless',
      ...(storeMegabytes === undefined ? {} : { PUSHLESS_STORE_SIZE: String(storeMegabytes) }),
    },
    {},
    false,
  )
}
