/**
 * Package URLs (purl-spec). The type `nix` isn't registered yet, so these functions are the only place that knows its form;
 * it is the one that syft writes.
 */
import { storeHashOf, storeNameOf } from '../core/nix/store-path.ts'
import type { Component, ImageFacts } from './inventory/component.ts'

export function componentPurl({ name, version, path }: Pick<Component, 'name' | 'version' | 'path'>): string {
  const at = version === undefined ? '' : `@${encode(version)}`
  return `pkg:nix/${encode(name)}${at}?outputhash=${storeHashOf(path)}`
}

export function imagePurl({ root, digest }: ImageFacts): string {
  return `pkg:oci/${encode(storeNameOf(root).toLowerCase())}@${encode(digest)}`
}

/** RFC 3986's unreserved characters stay. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
