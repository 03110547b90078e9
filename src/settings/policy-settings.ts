/** From settings to policy: lists in text become patterns and keys, and what isn't said depends on who can reach us. */
import { SettingsError, flagOf } from './config.ts'
import { parseNamePattern, type NamePattern, type Policy } from '../core/policy.ts'
import { parseSigningKey, type SigningKey } from '../core/nix/signature.ts'
import { parseHostPattern, type HostPattern } from '../http/access/host-name.ts'
import type { SettingName, Settings } from './settings.ts'

/**
 * Builds are for who is on this machine, unless the operator says otherwise.
 * @param isLoopbackTrusted whether what comes from loopback is from this machine. It may end while the server runs.
 */
export function policyOf(settings: Settings, isLoopbackTrusted: () => boolean): Policy {
  return {
    get builds() {
      return (
        settings.PUSHLESS_ALLOW_BUILDS ?? (listensOnLoopback(settings.PUSHLESS_LISTEN) && isLoopbackTrusted())
      )
    },
    fetches: !settings.PUSHLESS_DENY_FETCHES,
    allow: patternsOf(settings.PUSHLESS_ALLOW_NAMES),
    deny: patternsOf(settings.PUSHLESS_DENY_NAMES),
    systems: wordsOf(settings.PUSHLESS_SYSTEMS),
  }
}

/** @throws SettingsError for what is no key. */
export function requiredKeysOf(settings: Settings): readonly SigningKey[] {
  const name: SettingName = 'PUSHLESS_REQUIRE_KEYS'
  return wordsOf(settings[name]).map((word) => {
    const key = parseSigningKey(word)
    if (key !== undefined) return key
    throw new SettingsError(
      `${flagOf(name)} (${name}): ${word} is no key, which is a name, a colon and 32 bytes in base 64`,
    )
  })
}

/** @throws SettingsError for what is no name and no pattern. */
export function hostsOf(settings: Settings): readonly HostPattern[] {
  const name: SettingName = 'PUSHLESS_HOSTS'
  return wordsOf(settings[name]).map((word) => {
    const pattern = parseHostPattern(word)
    if (pattern !== undefined) return pattern
    throw new SettingsError(
      `${flagOf(name)} (${name}): ${word} is no host name, expected registry.example.org, *.example.org or *`,
    )
  })
}

function listensOnLoopback(listen: string): boolean {
  return /^(?:127(?:\.[0-9]{1,3}){3}|localhost|\[::1\]):[0-9]+$/.test(listen)
}

function patternsOf(text: string): readonly NamePattern[] {
  return wordsOf(text).flatMap((word) => parseNamePattern(word) ?? [])
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}
