/** The name that an entry of a catalogue has where it is delivered. */
import { storeHashOf, type StorePath } from '../core/nix/store-path.ts'

/** RFC 1123, as Kubernetes has labels. */
const MAX_LENGTH = 63
/** 40 bits: two of a thousand deliveries of one version have the same with a probability below one in a million. */
const HASH_LENGTH = 8

/**
 * Returns `<name>-<version>-<short hash>`, as a DNS label of at most 63 characters: `ingress-nginx-3-15-2-0k3xk9aq`.
 * Characters that a label can't have become dashes, and the name is cut where there is no room.
 * @param path of the manifests, or of their derivation.
 */
export function deliveredName(name: string, version: string, path: StorePath): string {
  const end = `-${storeHashOf(path).slice(0, HASH_LENGTH)}`
  const shortVersion = toLabel(version).slice(0, MAX_LENGTH / 2)
  const room = MAX_LENGTH - end.length - shortVersion.length - 1
  return `${trimDashes(toLabel(name).slice(0, room))}-${trimDashes(shortVersion)}${end}`
}

function toLabel(text: string): string {
  return trimDashes(text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'))
}

function trimDashes(text: string): string {
  return text.replaceAll(/^-+|-+$/g, '')
}
