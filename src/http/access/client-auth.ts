/** Whether clients may have a certificate (`optional`), or must. */
export const CLIENT_AUTH_MODES = ['off', 'optional', 'required'] as const
export type ClientAuth = (typeof CLIENT_AUTH_MODES)[number]
