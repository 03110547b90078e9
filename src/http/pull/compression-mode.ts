/** Settings: `auto` is zstd for clients that accept it and aren't on this machine. */
export const COMPRESSION_MODES = ['auto', 'none', 'zstd', 'gzip'] as const
export type CompressionMode = (typeof COMPRESSION_MODES)[number]
