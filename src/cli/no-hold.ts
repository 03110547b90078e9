/** The hold of a command that somebody waits for: a build may take as long as it takes. Milliseconds, the most of a timer. */
export const NO_HOLD_MS = 2 ** 31 - 1
