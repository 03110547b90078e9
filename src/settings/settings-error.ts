/** A setting has a value that it can't have, or a variable looks like a setting and isn't one. */
export class SettingsError extends Error {}
