/** A small OCI layout that nothing of pushless wrote, and what skopeo makes of it. */
import { execa } from 'execa'
import { busybox, nixStore, only } from '../support/nix.ts'
import { ociLayout } from '../support/oci-layout.ts'
import type { Scope } from '../support/scope.ts'

export const DOCKER = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
} as const

/** The store path of what is there. */
export async function addToStore(path: string): Promise<string> {
  return only(await nixStore('--add', path))
}

/** A layout of one layer that says `hello`, by GNU tar and nothing of pushless. */
export async function plainLayout(scope: Scope): Promise<string> {
  const shell = await busybox()
  return (await ociLayout(scope, [shell], [`${shell}/bin/sh`, '-c', 'echo hello'])).directory
}

/** `skopeo copy`, of images that nobody signed. */
export async function skopeoCopy(from: string, to: string, ...args: readonly string[]): Promise<void> {
  await execa('skopeo', ['copy', '--insecure-policy', ...args, from, to], { timeout: 120_000 })
}
