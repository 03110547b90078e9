/** Copies an image to docker-registry, blob for blob. */
import { execa } from 'execa'
import { repositoryUrl } from '../test/e2e/client.ts'

/** @returns the address of the copy, up to its name. */
export async function copyImage(url: string, image: string, registry: string): Promise<string> {
  await execa('skopeo', [
    'copy',
    '--insecure-policy',
    '--preserve-digests',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    `docker://${repositoryUrl(url, image)
      .replace(/^http:\/\//, '')
      .replace('/v2/', '/')}:nix`,
    `docker://${new URL(registry).host}/bench:nix`,
  ])
  return `${registry}/v2/bench`
}
