/**
 * `pushless manifests`: what is done with manifests at a desk. Each subcommand is defined here, and done in a file of
 * its own.
 */
import { join } from 'node:path'
import { Option, type Command } from 'commander'
import type { RewriteFlags } from './manifests-rewrite.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { readSeconds } from '../read-seconds.ts'
import { registryUrl } from '../registry-url.ts'

/** As long as `warm` waits. */
const DEFAULT_TIMEOUT_S = '7200'

const EXAMPLE = `
An application is a file like this (all its fields: manifests/README.md):

  name: hello
  flake: github:NixOS/nixpkgs/<revision>
  package: hello
  port: 8080

  pushless manifests app.yaml && kubectl apply -f result
`

type AppsFlags = {
  readonly output: string
  readonly print: boolean
  readonly registry: string
  readonly mode: 'out' | 'drv'
  readonly timeout: string
  readonly quiet: boolean
}

type CheckFlags = {
  readonly kubernetes?: string
  readonly schema: readonly string[]
  /** False for `--no-registry`. */
  readonly registry: string | false
  readonly host: readonly string[]
  readonly strict: boolean
  readonly json: boolean
}

export function addManifests(program: Command, { library, environment, exit }: ProcessFacts): void {
  const manifests = program
    .command('manifests')
    .description('make, check and change Kubernetes manifests; of applications that YAML describes, with Nix')
    .addHelpText('after', EXAMPLE)
    .exitOverride()

  manifests
    .command('apps', { isDefault: true })
    .description(
      'build the manifests of applications, and their images; what `pushless manifests <file...>` does',
    )
    .argument('<file...>', 'app.yaml or app.json; several are joined; - for standard input')
    .option('-o, --output <link>', 'link to what was built, a List that kubectl reads', 'result')
    .option(
      '--print',
      'write it as YAML on standard output; makes a link only where --output is given',
      false,
    )
    .option('--registry <host>', 'where images are pulled from', 'nix.internal')
    .addOption(
      new Option('--mode <mode>', 'out: build images now; drv: the registry builds them when they are pulled')
        .choices(['out', 'drv'])
        .default('out'),
    )
    .option('--timeout <seconds>', 'how long Nix may take', DEFAULT_TIMEOUT_S)
    .option('-q, --quiet', 'say nothing of what is built', false)
    .action(async (files: readonly string[], flags: AppsFlags, command: Command) => {
      // Loaded for this alone: the server has no use for it.
      const { makeManifests } = await import('./make-manifests.ts')
      const { output, print, registry, mode, timeout, quiet } = flags
      const isNamed = command.getOptionValueSource('output') === 'cli'
      await makeManifests(files, {
        library,
        link: print && !isNamed ? undefined : output,
        isPrinted: print,
        registry,
        mode,
        timeoutMs: readSeconds('--timeout', timeout),
        isQuiet: quiet,
      })
    })
    .exitOverride()

  manifests
    .command('check')
    .description(
      'check whether Kubernetes takes manifests of any origin, and whether a registry can serve their images',
    )
    .argument('<what...>', 'files, directories, or - for standard input')
    .option('--kubernetes <version>', 'minor version, such as 1.37; the newest that is known by default')
    .option('--schema <file>', 'CustomResourceDefinitions that are in the cluster already', collect, [])
    .option(
      '--registry <url>',
      'that is asked which images can be pulled (PUSHLESS_REGISTRY)',
      registryUrl(environment),
    )
    .option('--no-registry', 'ask none')
    .option('--host <host>', 'what the registry is called in manifests, beside nix.internal', collect, [])
    .option('--strict', 'warnings are errors: what Kubernetes takes, but is hardly meant so', false)
    .option('--json', 'as one JSON document', false)
    .action(async (what: readonly string[], flags: CheckFlags) => {
      const { checkManifests } = await import('./manifests-check.ts')
      const { kubernetes, schema: definitions, registry, host: hosts, strict: isStrict, json: asJson } = flags
      const schemas = join(library, 'manifests', 'schema')
      const asked = registry === false ? undefined : registry
      exit(
        await checkManifests(what, {
          schemas,
          kubernetes,
          definitions,
          registry: asked,
          hosts,
          isStrict,
          asJson,
        }),
      )
    })
    .exitOverride()

  manifests
    .command('rewrite')
    .description('replace names of images by references of this registry, and write a file for each object')
    .argument('<what...>', 'files, directories, or - for standard input')
    .requiredOption('--images <file>', 'JSON: { "ghcr.io/x/y:1": "nix.internal/nix/store/…:nix" }')
    .option(
      '--allow <pattern>',
      'images that may stay what they are, such as docker.io/library/*',
      collect,
      [],
    )
    .option('--host <host>', 'what the registry is called in manifests, beside nix.internal', collect, [])
    .option('--kubernetes-version <version>', 'noted in objects.jsonl')
    .option('--namespace <name>', 'of objects that name none')
    .option('-o, --output <directory>', 'new or empty; standard output where none is named')
    .action(async (what: readonly string[], flags: RewriteFlags) => {
      const { rewriteFiles } = await import('./manifests-rewrite.ts')
      await rewriteFiles(what, join(library, 'manifests', 'schema'), flags)
    })
    .exitOverride()
}

/** An option that may be given again. What takes several words at once would take the files behind it, too. */
function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value]
}
