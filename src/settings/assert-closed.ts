/** Closed by default: a server that others than this machine reach starts only if somebody said who may pull. */
import { isLoopbackHost } from './policy.ts'
import { settingTitle } from './setting-facts.ts'
import { listenText, type Settings } from './settings.ts'
import { SettingsError } from './settings-error.ts'

/** @throws SettingsError that says what may be said. */
export function assertClosed({ listen, authFile, tls, anonymousPull }: Settings): void {
  if (isLoopbackHost(listen.host) || authFile !== undefined || tls?.clientAuth === 'required') return
  if (anonymousPull) return
  throw new SettingsError(
    `${settingTitle('PUSHLESS_LISTEN')}: others than this machine reach ${listenText(listen)}, so say who may pull: --auth FILE, --tls-client-ca FILE, or --anonymous-pull for everybody`,
  )
}
