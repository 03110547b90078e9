/** A position in manifests. The type is apart from the code that finds it, which the server runs in threads. */

export type Place = {
  /** The name of the text, as the caller of `findReferences` gave it. */
  readonly source: string
  /** Counted from 1, as people count. */
  readonly document: number
  /** `Deployment/web`: the innermost object around it that has a name. */
  readonly object: string | undefined
  /** `spec.containers[0].image`, from the document's root. */
  readonly path: string
}

/** `deploy.yaml, document 2, Deployment/web, spec.containers[0].image` */
export function describePlace({ source, document, object, path }: Place): string {
  return [source, `document ${document}`, object, path].filter((part) => part !== undefined).join(', ')
}
