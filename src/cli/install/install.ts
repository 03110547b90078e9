/** `pushless install --print`: the registry in a cluster, as YAML for kubectl. Needs neither Nix nor a cluster. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VARIANT_FILES } from '../../kubernetes/install/install-options.ts'
import { fillVariant } from '../../kubernetes/install/fill-variant.ts'
import { readRegistryObjects, type RegistryObject } from '../../kubernetes/install/registry-objects.ts'
import { readObjects } from '../../kubernetes/read/read-objects.ts'
import { writeYaml } from '../../kubernetes/write-yaml.ts'
import { installOptions, type InstallFlags } from './install-flags.ts'

/** @param library directory of manifests/. @returns a YAML stream. @throws UsageError, SettingsError. */
export async function installText(flags: InstallFlags, library: string): Promise<string> {
  const options = installOptions(flags)
  const read = async (name: string): Promise<readonly RegistryObject[]> => {
    const file = join(library, 'manifests', 'registry', 'rendered', name)
    const { objects } = readObjects(await readFile(file, 'utf8'), name)
    return readRegistryObjects(objects.map(({ object }) => object))
  }
  const [variant, setup] = [await read(VARIANT_FILES[options.kind]), await read('node-setup.yaml')]
  return fillVariant(variant, setup, options)
    .map((object) => `---\n${writeYaml(object)}`)
    .join('')
}
