/** The reference registry with an image in it: what a helper is proved against, so that no fault of pushless hides one. */
import { startDockerRegistry, type DockerRegistry } from './docker-registry.ts'
import { busybox } from './nix.ts'
import { ociLayout } from './oci-layout.ts'
import type { Scope } from './scope.ts'
import { pushLayout } from './skopeo.ts'

/** The busybox fixture, as the name that pushless would give it. Needs nix, skopeo and docker-registry. */
export async function registryWithBusybox(
  scope: Scope,
): Promise<{ readonly path: string; readonly registry: DockerRegistry; readonly reference: string }> {
  const path = await busybox()
  const layout = await ociLayout(scope, [path], [`${path}/bin/sh`, '-c', 'echo hello; exit 3'])
  const registry = await startDockerRegistry(scope)
  await pushLayout(layout.directory, registry.url, path.slice(1), 'nix')
  return { path, registry, reference: `nix.internal${path}:nix` }
}
