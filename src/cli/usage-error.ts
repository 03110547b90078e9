/** A command line that can't be carried out. Nothing was begun, and the exit status is that of wrong usage. */
export class UsageError extends Error {}
