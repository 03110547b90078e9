/** `pushless catalogue`: entries of which values become manifests. Each command is done in a file of its own. */
import { Option, type Command } from 'commander'
import type { ProcessFacts } from '../process-facts.ts'
import type { BuildFlags, CatalogueFlags, RenderFlags } from './catalogue-flags.ts'

const FILE = 'catalogue.nix, an index that `build` wrote, a directory with one of them, or a flake'
const DEFAULT_TIMEOUT_S = '7200'

export function addCatalogue(program: Command, facts: ProcessFacts): void {
  const catalogue = program
    .command('catalogue')
    .description('make manifests of entries by name, version and values; Nix is limited while it evaluates')
    .exitOverride()

  withCatalogue(catalogue.command('list').description('list the entries of a catalogue, with their versions'))
    .option('--json', 'as one JSON document, with schemas', false)
    .action(async (file: string, flags: CatalogueFlags & { readonly json: boolean }) => {
      const { listEntries } = await import('./list-entries.ts')
      await listEntries(file, flags, facts)
    })

  withCatalogue(
    catalogue.command('show').description('show the values that an entry takes, with their defaults'),
  )
    .argument('<name>', 'of the entry')
    .argument('[version]', 'of the entry; the newest by default')
    .action(async (file: string, name: string, version: string | undefined, flags: CatalogueFlags) => {
      const { showEntry } = await import('./show-entry.ts')
      await showEntry(file, name, version, flags, facts)
    })

  withCatalogue(
    catalogue
      .command('build')
      .description('build all entries with their defaults and presets, and write an index of the catalogue'),
  )
    .option('-o, --output <directory>', 'of the index, and of links to what was built', 'catalogue-index')
    .option('--timeout <seconds>', 'how long each build may take', DEFAULT_TIMEOUT_S)
    .option('-q, --quiet', 'no progress on standard error', false)
    .action(async (file: string, flags: BuildFlags) => {
      const { buildIndex } = await import('./build-index.ts')
      await buildIndex(file, flags, facts)
    })

  withCatalogue(
    catalogue.command('render').description('build the manifests of an entry with values, and make a link'),
  )
    .argument('<name>', 'of the entry')
    .argument('<version>', 'of the entry')
    .option('--values <file>', 'YAML or JSON; - for standard input; defaults without it')
    .option('-o, --output <link>', 'link to what was built, which kubectl reads', 'result')
    .option(
      '--print',
      'write it as YAML on standard output; makes a link only where --output is given',
      false,
    )
    .option('--timeout <seconds>', 'how long the build may take', DEFAULT_TIMEOUT_S)
    .option('-q, --quiet', 'no progress on standard error', false)
    .action(async (file: string, name: string, version: string, flags: RenderFlags, command: Command) => {
      const { renderEntry } = await import('./render-entry.ts')
      const isNamed = command.getOptionValueSource('output') === 'cli'
      const link = flags.print && !isNamed ? undefined : flags.output
      await renderEntry(file, { name, version, link }, flags, facts)
    })
}

/** Adds the argument and the options that all commands have. */
function withCatalogue(command: Command): Command {
  return command
    .argument('<file>', FILE)
    .option('--registry <host>', 'where images are pulled from', 'nix.internal')
    .addOption(
      new Option('--mode <mode>', 'out: build images now; drv: the registry builds them when they are pulled')
        .choices(['out', 'drv'])
        .default('out'),
    )
    .option(
      '--include <name=path>',
      'directory that the catalogue may read as <name>, such as nixpkgs=./nixpkgs',
      (value: string, all: readonly string[]) => [...all, value],
      [],
    )
    .exitOverride()
}
