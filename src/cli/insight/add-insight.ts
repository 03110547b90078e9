/** The commands about what is in an image. Each is defined here, and done in a file of its own. */
import { Option, type Command } from 'commander'
import { WEIGHTS, type WeightName } from '../../insight/graph/weights.ts'
import type { SettingName } from '../../settings/setting-table.ts'
import type { DiffSetFlags } from '../delivery/diff-set.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { INSPECT, settingsFrom, withSettings } from '../setting-options.ts'
import { GRAPH_FORMATS, type GraphFormat } from './graph-formats.ts'
import { readLimit } from './output.ts'
import { SBOM_FORMATS, type SbomFormat } from './sbom-formats.ts'

const REF = 'as for inspect; or a CycloneDX document that pushless sbom wrote'

type GraphFlags = {
  readonly build: boolean
  readonly format: GraphFormat
  readonly json: boolean
  readonly registry?: string
}
type SbomFlags = { readonly format: SbomFormat; readonly deep: boolean; readonly registry?: string }
type KeyFlags = { readonly name?: string; readonly form: 'pem' | 'nix' }
type WhyFlags = { readonly limit: string; readonly json: boolean; readonly registry?: string }
type TopFlags = WhyFlags & { readonly sort?: WeightName }
type DiffFlags = DiffSetFlags
type LicencesFlags = Pick<DiffFlags, 'json' | 'registry'> & { readonly deny: readonly string[] }

export function addInsight(program: Command, facts: ProcessFacts): void {
  insightCommand(program, 'sbom', [...INSPECT, 'PUSHLESS_SUPPLIER'])
    .description(
      'print the software bill of materials of an image: its store paths, sources, licences, patches and layers',
    )
    .argument('<ref>', REF)
    .addOption(
      new Option('--format <format>', 'CycloneDX 1.6 or SPDX 2.3, as JSON')
        .choices(SBOM_FORMATS)
        .default('cyclonedx'),
    )
    .option('--deep', 'with each file and its hashes, which reads all of the image', false)
    .action(async (ref: string, options: SbomFlags) => {
      const { sbom } = await import('./sbom.ts')
      await sbom(ref, settingsFrom(options, facts), options)
    })

  withSettings(program.command('provenance'), [...INSPECT, 'PUSHLESS_SIGNING_KEY'])
    .description('print who made an image and from which sources (SLSA); with a key, as a signed bundle')
    .argument('<ref>', 'as for inspect')
    .action(async (ref: string, options: object) => {
      const { provenance } = await import('./provenance.ts')
      await provenance(ref, settingsFrom(options, facts))
    })

  withSettings(program.command('sign'), [...INSPECT, 'PUSHLESS_SIGNING_KEY'])
    .description('sign images, for registries that serve only signed ones (--require-image-signature)')
    .argument('<ref...>', 'as for inspect')
    .option('-o, --output <directory>', 'where the signatures go, sha256-<hex>.json each', 'signatures')
    .action(async (refs: readonly string[], options: { readonly output: string }) => {
      const { sign } = await import('./sign.ts')
      await sign(refs, options.output, settingsFrom(options, facts))
    })

  program
    .command('key')
    .description('make a key to sign with, if the file is not there yet, and print its public key')
    .argument('<file>', 'the secret key: made with mode 0600, never replaced')
    .option('--name <name>', 'of a new key; the default is the name of the file')
    .addOption(
      new Option('--form <form>', 'of the public key: pem for cosign, nix for trusted-public-keys')
        .choices(['pem', 'nix'])
        .default('pem'),
    )
    .action(async (file: string, { name, form }: KeyFlags) => {
      const { key } = await import('./key.ts')
      await key(file, { name, form })
    })
    .exitOverride()

  insightCommand(program, 'graph')
    .description('draw which store paths of an image need which, or which derivations build it')
    .argument('<ref>', REF)
    .option('--build', 'the derivations that build the image, instead of what it needs at run time', false)
    .addOption(new Option('--format <format>', 'form of the graph').choices(GRAPH_FORMATS).default('tree'))
    .option('--json', 'the same as --format json', false)
    .action(async (ref: string, options: GraphFlags) => {
      const { graph } = await import('./graph.ts')
      const format = options.json ? 'json' : options.format
      await graph(ref, settingsFrom(options, facts), { ...options, format })
    })

  insightCommand(program, 'why')
    .description('show why a component is in an image: the shortest ways that lead to it')
    .argument('<ref>', REF)
    .argument('<component>', 'name of a package, with or without version; store path or hash')
    .option('--limit <count>', 'how many ways are shown', '5')
    .option('--json', 'as one JSON document', false)
    .action(async (ref: string, component: string, options: WhyFlags) => {
      const { why } = await import('./why.ts')
      const limit = readLimit(options.limit)
      await why(ref, component, settingsFrom(options, facts), { ...options, limit })
    })

  insightCommand(program, 'top')
    .description('list the components that cost most bytes, and those that are used most')
    .argument('<ref>', REF)
    .addOption(
      new Option(
        '--sort <by>',
        'one list alone: by bytes that only the component brings, its own bytes, those of its closure, or its users',
      ).choices(WEIGHTS),
    )
    .option('--limit <count>', 'how many components are shown', '10')
    .option('--json', 'as one JSON document', false)
    .action(async (ref: string, options: TopFlags) => {
      const { top } = await import('./top.ts')
      const limit = readLimit(options.limit)
      await top(ref, settingsFrom(options, facts), { ...options, limit })
    })

  insightCommand(program, 'diff')
    .description(
      'compare two images: packages, licences, and the bytes that an update moves; or objects with what a cluster has',
    )
    .argument('<before>', `${REF}; or objects, as for apply`)
    .argument('[after]', 'the other image, named in the same way; the cluster, if it is left out')
    .option('--name <name>', 'of the set of objects, as for apply')
    .option('--kubeconfig <file>', 'for objects: as for apply')
    .option('--context <name>', 'for objects: as for apply')
    .option('-n, --namespace <name>', 'for objects: as for apply')
    .option('--json', 'as one JSON document', false)
    .action(async (before: string, after: string | undefined, options: DiffFlags) => {
      if (after === undefined) {
        const { diffSet } = await import('../delivery/diff-set.ts')
        facts.exit(await diffSet(before, options, settingsFrom(options, facts), facts))
        return
      }
      const { diff } = await import('./diff.ts')
      await diff(before, after, settingsFrom(options, facts), options)
    })

  insightCommand(program, 'licences')
    .description('list the licences of an image, and exit with status 1 when one is denied')
    .argument('<ref>', REF)
    .option('--deny <pattern...>', 'SPDX identifiers that may not be used, such as GPL-3.0*', [])
    .option('--json', 'as one JSON document', false)
    .action(async (ref: string, options: LicencesFlags) => {
      const { licences } = await import('./licences.ts')
      facts.exit(await licences(ref, settingsFrom(options, facts), options))
    })
}

/** A command about an image, which a registry may be asked about. */
export function insightCommand(
  program: Command,
  name: string,
  names: readonly SettingName[] = INSPECT,
): Command {
  return withSettings(program.command(name), names).option(
    '--registry <url>',
    'read the document that this registry has of the image, instead of the store',
  )
}
