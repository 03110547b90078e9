/** The repository's own example, as its README shows it. */
import { fileURLToPath } from 'node:url'
import { nixBuild, only } from '../support/nix.ts'

const EXAMPLE = fileURLToPath(new URL('../../examples/greeter', import.meta.url))

/** Store path of the image. */
export async function exampleImage(): Promise<string> {
  return only(await nixBuild(EXAMPLE, ['-A', 'image']))
}

/** Store path of the manifest: one JSON `List` file. */
export async function exampleManifest(): Promise<string> {
  return only(await nixBuild(EXAMPLE))
}
