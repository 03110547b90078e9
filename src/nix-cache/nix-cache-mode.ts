/** Settings: `read` serves what may be pulled, `write` also takes derivations and sources from who has the token. */
export const NIX_CACHE_MODES = ['off', 'read', 'write'] as const
export type NixCacheMode = (typeof NIX_CACHE_MODES)[number]
