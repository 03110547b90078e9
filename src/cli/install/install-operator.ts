/** `pushless install operator --print`: the operator in a cluster, as YAML for kubectl. Needs neither Nix nor a cluster. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fillOperator } from '../../kubernetes/install/fill-operator.ts'
import { readOperatorObjects } from '../../kubernetes/install/operator-objects.ts'
import { readObjects } from '../../kubernetes/read/read-objects.ts'
import { writeYaml } from '../../kubernetes/write-yaml.ts'
import { operatorInstallOptions, type OperatorInstallFlags } from './operator-install-flags.ts'

const FILE = 'operator.yaml'

/** @param library directory of manifests/. @returns a YAML stream. @throws UsageError, SettingsError. */
export async function operatorText(flags: OperatorInstallFlags, library: string): Promise<string> {
  const options = operatorInstallOptions(flags)
  const file = join(library, 'manifests', 'operator', 'rendered', FILE)
  const { objects } = readObjects(await readFile(file, 'utf8'), FILE)
  return fillOperator(readOperatorObjects(objects.map(({ object }) => object)), options)
    .map((object) => `---\n${writeYaml(object)}`)
    .join('')
}
