/** What clients accept. Without it, docker-registry rewrites what was pushed into its oldest format. */
export const ACCEPT =
  'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'
