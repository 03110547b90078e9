/** `pushless manifests <file...>`: manifests of applications that are described in YAML or JSON. */
import { Option, type Command } from 'commander'
import { UsageError } from './usage-error.ts'

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

export function addApps(manifests: Command): void {
  manifests.addHelpText('after', EXAMPLE)
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
        link: print && !isNamed ? undefined : output,
        isPrinted: print,
        registry,
        mode,
        timeoutMs: milliseconds(timeout),
        isQuiet: quiet,
      })
    })
}

function milliseconds(seconds: string): number {
  const number = Number(seconds)
  if (!(number > 0)) throw new UsageError(`--timeout: a number of seconds is expected, not ${seconds}`)
  return number * 1000
}
