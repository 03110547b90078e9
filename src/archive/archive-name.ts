/**
 * Names images in an archive. The default is the name that objects of Kubernetes have for the image, so a node that
 * imports the archive needs no registry for the Pod (`imagePullPolicy: IfNotPresent`). Grammar:
 * distribution/reference; a name without a host means `docker.io` (its normalize.go).
 */
import { imageNameOf } from '../core/oci/reference.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import { DEFAULT_TAG } from '../core/oci/image-name.ts'

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const HOST = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?'
const NAME = new RegExp(`^(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*(?::(\\w[\\w.-]{0,127}))?$`)
/** A first component that is a host: it has a dot or a port, or is this one. */
const HAS_HOST = /^(?:[^/]*[.:][^/]*|localhost)\//

/** `nix.internal/nix/store/<hash>-<slug>:<tag>`. @param path that manifests name: of an image, or its derivation. */
export function manifestName(path: StorePath, host: string, tag: string): string {
  return imageNameOf(path, host).replace(/:nix$/, `:${tag}`)
}

/** A name that somebody chose, with a tag in any case; nothing for what is no name. */
export function parseArchiveName(text: string): string | undefined {
  const match = NAME.exec(text)
  if (match === null || text.length > 255 + 128) return undefined
  return match[1] === undefined ? `${text}:${DEFAULT_TAG}` : text
}

/** The same name with a host in any case, as containerd keeps it: `greeter:1` is `docker.io/library/greeter:1`. */
export function canonicalName(name: string): string {
  if (HAS_HOST.test(name)) return name
  return name.includes('/') ? `docker.io/${name}` : `docker.io/library/${name}`
}
