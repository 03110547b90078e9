/** How podman and skopeo are told that `nix.internal` is a registry on this machine, and that they may trust it. */
import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'

/** Writes both files into `directory`. podman finds the first by an environment variable, skopeo both by options. */
export async function containersConfig(
  directory: string,
  url: string,
): Promise<{ registries: string; policy: string }> {
  const registries = join(directory, 'registries.conf')
  const policy = join(directory, 'policy.json')
  // A prefix with a location, not a mirror: with a mirror, the error of the name itself would hide ours.
  await writeFile(
    registries,
    `unqualified-search-registries = []
[[registry]]
prefix = "nix.internal"
location = "${new URL(url).host}"
insecure = true
`,
  )
  await writeFile(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }))
  return { registries, policy }
}
