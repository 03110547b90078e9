/** The group of an `apiVersion`; empty for Kubernetes' first kinds, such as `v1`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash === -1 ? '' : apiVersion.slice(0, slash)
}
