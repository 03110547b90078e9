/** Media types of the documents about an image. They are also the types of the artifacts that hold them. */
export const DOCUMENT_TYPE = {
  cyclonedx: 'application/vnd.cyclonedx+json',
  spdx: 'application/spdx+json',
  provenance: 'application/vnd.in-toto+json',
  sarif: 'application/sarif+json',
  openvex: 'application/vnd.openvex+json',
} as const
