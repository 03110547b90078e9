/** Settings: `daemon` asks a Nix daemon, `cache` needs binary caches alone. */
export const STORE_KINDS = ['daemon', 'cache'] as const
export type StoreKind = (typeof STORE_KINDS)[number]
