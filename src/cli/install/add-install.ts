/** `pushless install`: the objects of the registry, which is the default, and of the operator. */
import { Option, type Command } from 'commander'
import { VARIANT_FILES } from '../../kubernetes/install/install-options.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { UsageError } from '../usage-error.ts'
import type { AccessFlags } from './install-access.ts'
import type { InstallFlags } from './install-flags.ts'
import type { OperatorInstallFlags } from './operator-install-flags.ts'

const PRINT = 'write them as YAML on standard output. Nothing is asked and nothing is changed'
const NOT_PRINTED = 'this command changes no cluster: add --print, and pipe it to kubectl apply -f -'

export function addInstall(program: Command, { library }: ProcessFacts): void {
  const install = program
    .command('install')
    .description('print the objects that run the registry, or the operator, in a cluster')
    .exitOverride()
  addInstallRegistry(install, library)
  addInstallOperator(install, library)
  addInstallAccess(install)
}

function addInstallRegistry(install: Command, library: string): void {
  install
    .command('registry', { isDefault: true })
    .description(
      'print the objects that run the registry, for kubectl apply -f -; what `pushless install` does',
    )
    .option('--print', PRINT, false)
    .addOption(
      new Option(
        '--kind <kind>',
        'cache: any cluster, filled from binary caches; stateful-set: any cluster, with builds; daemon-set: on every node, from its Nix; deployment: on one node that has Nix',
      )
        .choices(Object.keys(VARIANT_FILES))
        .default('cache'),
    )
    .option('--image <name>', 'the registry\u2019s own image, where nodes can pull it')
    .option('--image-pull-secret <secret>', 'Secret with the credentials for that image')
    .option('--namespace <name>', 'where everything is; pushless by default')
    .option('--replicas <number>', 'as many Pods; 2-10 with --kind cache: as many as the load needs')
    .option('--caches <url...>', 'binary caches: https:// and s3://, with the parameters that Nix has')
    .option('--trusted-keys <key...>', 'public keys of which one must have signed each path')
    .option('--store-size <megabytes>', 'that store paths may have together in each Pod')
    .option('--netrc-secret <secret>', 'Secret with the key netrc: credentials for caches')
    .option('--s3-secret <secret>', 'Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
    .option(
      '--account-annotation <name=value...>',
      'annotations of the ServiceAccount, for clouds that give it a role for the bucket',
    )
    .option('--cache-ca <configmap>', 'ConfigMap with the key ca.crt: authorities of caches')
    .option('--builders-secret <secret>', 'Secret with the key machines: remote builders, and their keys')
    .option('--no-sandbox', 'let the Pod make no namespaces: builds have no sandbox then')
    .option('--host <name...>', 'further names that the registry answers to')
    .option('--node-port <port>', 'port that every node answers on, or none')
    .option('--clients <cidr...>', 'addresses of the nodes, which may pull; everybody by default')
    .option('--tls-secret <secret>', 'Secret of type kubernetes.io/tls: HTTPS')
    .option('--auth-secret <secret>', 'Secret with the key auth.yaml: who may pull')
    .option('--token-secret <secret>', 'Secret with the key token, for requests that change something')
    .option('--setting <name=value...>', 'further settings of pushless serve')
    .option(
      '--node-setup',
      'also tell the containerd of each node where the registry is; the default for kinds that need Nix on nodes',
    )
    .option('--no-node-setup', 'tell them yourself: docs/clients.md')
    .option(
      '--node-authority <configmap>',
      'ConfigMap with the key ca.crt, in the namespace of the node set-up: the authority of --tls-secret',
    )
    .action(
      async ({
        print,
        sandbox,
        ...flags
      }: InstallFlags & { readonly print: boolean; readonly sandbox: boolean }) => {
        if (!print) throw new UsageError(NOT_PRINTED)
        const { installText } = await import('./install.ts')
        process.stdout.write(await installText(sandbox ? flags : { ...flags, noSandbox: true }, library))
      },
    )
    .exitOverride()
}

function addInstallOperator(install: Command, library: string): void {
  install
    .command('operator')
    .description('print the objects that run the operator in a cluster, with its kinds')
    .option('--print', PRINT, false)
    .option('--image <name>', 'the registry\u2019s own image, where nodes can pull it')
    .option('--image-pull-secret <secret>', 'Secret with the credentials for that image')
    .option('--namespace <name>', 'where the operator is; pushless-operator by default')
    .option('--replicas <number>', 'as many Pods, of which one leads; 2 by default')
    .option('--caches <url...>', 'binary caches with the manifests: https:// and s3://')
    .option('--trusted-keys <key...>', 'public keys of which one must have signed each path')
    .option('--store-size <megabytes>', 'that store paths may have together in each Pod')
    .option('--registry <url>', 'that fetches and builds the images before a delivery')
    .option('--host <name...>', 'what the registry is called in objects, beside nix.internal')
    .option('--netrc-secret <secret>', 'Secret with the key netrc: credentials for caches')
    .option('--s3-secret <secret>', 'Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
    .option('--cache-ca <configmap>', 'ConfigMap with the key ca.crt: authorities of caches')
    .option('--token-secret <secret>', 'Secret with the key token, which the registry wants')
    .option(
      '--account-annotation <name=value...>',
      'annotations of the ServiceAccount, for clouds that give it a role for the bucket',
    )
    .option('--setting <name=value...>', 'further settings of pushless operator')
    .action(async ({ print, ...flags }: OperatorInstallFlags & { readonly print: boolean }) => {
      if (!print) throw new UsageError(NOT_PRINTED)
      const { operatorText } = await import('./install-operator.ts')
      process.stdout.write(await operatorText(flags, library))
    })
    .exitOverride()
}

function addInstallAccess(install: Command): void {
  install
    .command('operator-access')
    .description('print the rights that the operator needs in a namespace with profiles')
    .option('--print', PRINT, false)
    .option('-n, --namespace <name>', 'of the profiles')
    .option('--account <name...>', 'ServiceAccounts that profiles may act as, such as default')
    .option('--secret <name...>', 'Secrets with the kubeconfig of a target')
    .option('--all-secrets', 'also list them, for DeliverySets that choose clusters by labels')
    .option('--operator-namespace <name>', 'where the operator is', 'pushless-operator')
    .action(async ({ print, ...flags }: AccessFlags & { readonly print: boolean }) => {
      if (!print) throw new UsageError(NOT_PRINTED)
      const { accessText } = await import('./install-access.ts')
      process.stdout.write(accessText(flags))
    })
    .exitOverride()
}
