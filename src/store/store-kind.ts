/**
 * Settings: `daemon` asks the Nix of the machine, `own` starts a Nix that nobody else uses, `cache` needs binary caches
 * alone.
 */
export const STORE_KINDS = ['daemon', 'own', 'cache'] as const
export type StoreKind = (typeof STORE_KINDS)[number]
