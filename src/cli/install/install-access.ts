/** `pushless install operator-access --print`: the rights that the operator needs in a namespace with profiles. */
import { operatorAccess } from '../../kubernetes/install/operator-access.ts'
import { writeYaml } from '../../kubernetes/write-yaml.ts'
import { UsageError } from '../usage-error.ts'
import { checkNamespace, secretName } from './flag-values.ts'

/** As commander gives them. */
export type AccessFlags = {
  readonly namespace?: string
  readonly account?: readonly string[]
  readonly secret?: readonly string[]
  readonly allSecrets?: boolean
  readonly operatorNamespace: string
}

/** @returns a YAML stream. @throws UsageError. */
export function accessText({
  namespace,
  account = [],
  secret = [],
  allSecrets = false,
  operatorNamespace,
}: AccessFlags): string {
  if (namespace === undefined) throw new UsageError('--namespace: expected the namespace of the profiles')
  checkNamespace(namespace)
  checkNamespace(operatorNamespace)
  if (account.length === 0 && secret.length === 0 && !allSecrets)
    throw new UsageError('expected --account, --secret or --all-secrets: else there is nothing to allow')
  return operatorAccess({
    namespace,
    serviceAccounts: account.map((name) => secretName('--account', name)),
    secrets: allSecrets ? 'all' : secret.map((name) => secretName('--secret', name)),
    operatorNamespace,
  })
    .map((object) => `---\n${writeYaml(object)}`)
    .join('')
}
