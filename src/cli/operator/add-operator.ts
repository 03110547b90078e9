/** The command of the operator. It is done in a file of its own. */
import type { Command } from 'commander'
import type { ProcessFacts } from '../process-facts.ts'
import type { OperatorFlags } from './operator-flags.ts'
import { OPERATOR_SETTINGS } from './operator-settings.ts'
import { settingsFrom, withSettings } from '../setting-options.ts'

export function addOperator(program: Command, facts: ProcessFacts): void {
  const { environment } = facts
  withSettings(program.command('operator'), OPERATOR_SETTINGS)
    .description(
      'bring DeliveryProfiles and DeliverySets of a cluster to their targets, and keep them there; several processes elect one that works',
    )
    .option('--kubeconfig <file>', 'instead of KUBECONFIG, ~/.kube/config and the ServiceAccount of the Pod')
    .option('--context <name>', 'of the kubeconfig; its current context by default')
    .option('-n, --namespace <name>', 'work on profiles of this namespace alone')
    .option('--health-listen <address>', 'where /metrics, /healthz and /readyz answer', '127.0.0.1:8081')
    .option('--concurrency <number>', 'profiles of one target that are worked on at once', '4')
    .option(
      '--lease-namespace <name>',
      'where the Lease of the leader is (POD_NAMESPACE)',
      environment['POD_NAMESPACE'] || 'default',
    )
    .option('--lease-seconds <seconds>', 'after which another process takes the place of the leader', '15')
    .option(
      '--default-service-account <name>',
      'that profiles act as in this cluster which name none; empty: as the operator itself',
      'default',
    )
    .option(
      '--registry <url>',
      'that fetches and builds the images first (PUSHLESS_REGISTRY); none by default',
      environment['PUSHLESS_REGISTRY'] || undefined,
    )
    .option('--host <host...>', 'what the registry is called in objects, beside nix.internal', [])
    .option(
      '--token-file <file>',
      'for registries that tell of their builds to clients with the token (PUSHLESS_TOKEN_FILE)',
      environment['PUSHLESS_TOKEN_FILE'] ?? '',
    )
    .option(
      '--catalogue <file>',
      'entries that profiles may name: a Nix file, an index that `pushless catalogue build` made, or a directory with one',
    )
    .action(async (flags: OperatorFlags) => {
      const settings = settingsFrom(flags, facts)
      const { operator } = await import('./operator.ts')
      await operator(flags, settings, facts)
    })
}
