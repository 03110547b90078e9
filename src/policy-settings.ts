/** From settings to policy: lists in text become patterns and keys, and what isn't said depends on who can reach us. */
import { SettingsError, flagOf } from './config.ts'
import { parseNamePattern, type NamePattern, type Policy } from './core/policy.ts'
import { parseSigningKey, type SigningKey } from './core/signature.ts'
import type { SettingName, Settings } from './settings.ts'

/** Builds are for whoever is on this machine anyway, unless the operator says otherwise. */
export function policyOf(settings: Settings): Policy {
  return {
    builds: settings.PUSHLESS_ALLOW_BUILDS ?? isLoopback(settings.PUSHLESS_LISTEN),
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

function isLoopback(listen: string): boolean {
  return /^(?:127(?:\.[0-9]{1,3}){3}|localhost|\[::1\]):[0-9]+$/.test(listen)
}

function patternsOf(text: string): readonly NamePattern[] {
  return wordsOf(text).flatMap((word) => parseNamePattern(word) ?? [])
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}
