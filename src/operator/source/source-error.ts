/** The objects of a profile can't be had from its source. The reason is that of the condition `Built`. */

export type SourceErrorReason =
  | 'FetchFailed'
  | 'ImagesNotReady'
  | 'BuildFailed'
  | 'BuildsNotAllowed'
  | 'NotAllowed'
  | 'NoBuilder'
  | 'NoManifests'
  | 'InvalidManifests'
  | 'NixMissing'
  | 'NoCatalogue'
  | 'InvalidCatalogue'
  | 'InvalidValues'
  | 'InvalidApp'

export class SourceError extends Error {
  readonly reason: SourceErrorReason
  /** Whether nothing gets better before somebody changes the profile. */
  readonly isFinal: boolean

  constructor(
    reason: SourceErrorReason,
    message: string,
    { isFinal = false, cause }: { readonly isFinal?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'SourceError'
    this.reason = reason
    this.isFinal = isFinal
  }
}
