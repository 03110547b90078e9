/** Values of the options of `pushless scan`, apart from the command, so that the command line loads nothing else. */
import type { Threshold } from '../../insight/vulnerability/finding/thresholds.ts'

export const SCAN_FORMATS = ['table', 'json', 'sarif', 'openvex'] as const
type ScanFormat = (typeof SCAN_FORMATS)[number]

/** The directory of advisories where none is named. */
export const ADVISORIES = 'advisories'

export type ScanFlags = {
  readonly advisories: string
  readonly registry?: string
  readonly fleet: boolean
  readonly tokenFile: string
  readonly has?: string
  readonly compare?: string
  readonly format: ScanFormat
  readonly failOn?: Threshold
  readonly possible: boolean
  readonly sarifDriver: string
  readonly host: readonly string[]
}
