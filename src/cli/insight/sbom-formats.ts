/** Apart from sbom.ts, so that the command line can name them without loading it. */
export const SBOM_FORMATS = ['cyclonedx', 'spdx'] as const
export type SbomFormat = (typeof SBOM_FORMATS)[number]
