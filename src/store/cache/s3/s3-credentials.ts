/** An access key of S3, and the token that a temporary one has. */
export type S3Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
  /** When they end, if they do. */
  readonly expiresMs?: number
}
