/** What was asked for can't be done as it was asked: nothing was begun, and the exit status says wrong usage. */
export class UsageError extends Error {}
